(module
  (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.3" "[method]pollable.ready" (func $ready (param i32) (result i32)))
  (import "wasi:io/poll@0.2.3" "[resource-drop]pollable" (func $drop (param i32)))
  (import "wasi:io/poll@0.2.3" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $subscribe (param i64) (result i32)))

  ;; 16: a list · 32: two handles · 4096: what the host hands over
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))

  (func (export "block") (param $span i64) (result i64)
    (local $from i64) (local $timer i32)
    (local.set $from (call $now))
    (local.set $timer (call $subscribe (local.get $span)))
    (call $block (local.get $timer))
    (call $drop (local.get $timer))
    (i64.sub (call $now) (local.get $from)))

  (func (export "race") (param $left i64) (param $right i64) (result i32)
    (i32.store (i32.const 32) (call $subscribe (local.get $left)))
    (i32.store (i32.const 36) (call $subscribe (local.get $right)))
    (call $poll (i32.const 32) (i32.const 2) (i32.const 16))
    (call $drop (i32.load (i32.const 32)))
    (call $drop (i32.load (i32.const 36)))
    (i32.const 16))

  (func (export "is-ready") (param $span i64) (result i32)
    (local $timer i32)
    (local.set $timer (call $subscribe (local.get $span)))
    (call $ready (local.get $timer))
    (call $drop (local.get $timer)))

  (func (export "poll-none") (call $poll (i32.const 32) (i32.const 0) (i32.const 16)))
)
