(module
  (import "planaria:host/operation@0.1.0" "await" (func $await (param i32 i32)))
  (import "planaria:host/promise@0.1.0" "create" (func $create (param i32 i32 i32 i32 i64 i32)))
  (import "planaria:host/promise@0.1.0" "await" (func $promise (param i32 i32) (result i32)))
  (import "planaria:host/time@0.1.0" "sleep" (func $sleep (param i64) (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))
  (memory (export "memory") 32)
  ;; What callers hand over lies at the same place each time, and outcomes before it.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export "nothing"))
  (func (export "reads") (param $left i32)
    (loop $again
      (drop (call $now))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func $naps (export "naps") (param $left i32)
    (loop $again
      (call $await (call $sleep (i64.const 0)) (i32.const 16))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "naps-before") (param $count i32) (local $operation i32)
    (call $create (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 16))
    (local.set $operation (call $promise (i32.load (i32.const 16)) (i32.load (i32.const 20))))
    (call $naps (local.get $count))
    (call $await (local.get $operation) (i32.const 16)))
  (func (export "length") (param $at i32) (param $length i32) (result i32) (local.get $length)))
