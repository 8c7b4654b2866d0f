(module
  (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))
  (import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))
  (memory (export "memory") 1)
  (global $born (mut i64) (i64.const 0))
  (func $start
    (global.set $born (call $now))
    (i64.store (i32.const 0) (call $random)))
  (start $start)
  (func (export "born") (result i64) (global.get $born))
  (func (export "seed") (result i64) (i64.load (i32.const 0)))
)
