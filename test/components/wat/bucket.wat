(module
  (import "[export]test:bucket/buckets@1.0.0" "[resource-new]bucket" (func $new (param i32) (result i32)))
  (import "[export]test:bucket/buckets@1.0.0" "[resource-rep]bucket" (func $rep (param i32) (result i32)))
  (import "[export]test:bucket/buckets@1.0.0" "[resource-drop]bucket" (func $drop (param i32)))

  ;; A bucket is four bytes from 1024 on · 4096: what the host hands over
  (memory (export "memory") 1)
  (global $last (mut i32) (i32.const 1024))
  (global $alive (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))

  (func $make (export "test:bucket/buckets@1.0.0#[constructor]bucket") (param $level i32) (result i32)
    (global.set $last (i32.add (global.get $last) (i32.const 4)))
    (global.set $alive (i32.add (global.get $alive) (i32.const 1)))
    (i32.store (global.get $last) (local.get $level))
    (call $new (global.get $last)))
  (func (export "test:bucket/buckets@1.0.0#[static]bucket.open") (param $level i32) (result i32)
    (call $make (i32.mul (local.get $level) (i32.const 100))))
  (func $fill (export "test:bucket/buckets@1.0.0#[method]bucket.fill") (param $self i32) (param $by i32) (result i32)
    (i32.store (local.get $self) (i32.add (i32.load (local.get $self)) (local.get $by)))
    (i32.load (local.get $self)))
  (func (export "test:bucket/buckets@1.0.0#[method]bucket.level") (param $self i32) (result i32)
    (i32.load (local.get $self)))

  ;; What is owned comes as a handle, what is borrowed as the guest's own number.
  (func (export "test:bucket/buckets@1.0.0#[static]bucket.pour") (param $source i32) (param $target i32) (result i32)
    (call $fill (local.get $target) (i32.load (call $rep (local.get $source))))
    (call $drop (local.get $source)))

  (func (export "test:bucket/buckets@1.0.0#sum") (param $buckets i32) (param $length i32) (result i32)
    (local $sum i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $length)))
        (local.set $sum (i32.add (local.get $sum) (i32.load (i32.load (local.get $buckets)))))
        (local.set $buckets (i32.add (local.get $buckets) (i32.const 4)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $next)))
    (local.get $sum))

  (func (export "test:bucket/buckets@1.0.0#alive") (result i32) (global.get $alive))
  (func (export "test:bucket/buckets@1.0.0#[dtor]bucket") (param $self i32)
    (global.set $alive (i32.sub (global.get $alive) (i32.const 1))))
)
