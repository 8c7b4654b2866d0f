(module
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (global $length (mut i32) (i32.const 0))
  (data (i32.const 0) "\00\00\00\00\00\00\00\00")

  (func (export "add") (param $by i32) (result i32)
    (global.set $count (i32.add (global.get $count) (local.get $by)))
    (global.get $count))

  (func (export "get") (result i32) (global.get $count))

  ;; Bytes lie from 1024 on.
  (func (export "push") (param $byte i32) (result i32)
    (local $at i32) (local $sum i32)
    (i32.store8 (i32.add (i32.const 1024) (global.get $length)) (local.get $byte))
    (global.set $length (i32.add (global.get $length) (i32.const 1)))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (i32.const 1024) (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $length))))
    (local.get $sum))

  (func (export "bytes") (result i32)
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (global.get $length))
    (i32.const 0))
)
