(module
  (memory (export "memory") 8192)
  ;; Counts up the first word of the first so many pages of 64 KiB; gives the last one.
  (func (export "touch") (param $pages i32) (result i32)
    (local $at i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $pages)))
        (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 65536)))
        (local.set $pages (i32.sub (local.get $pages) (i32.const 1)))
        (br $next)))
    (i32.load (i32.sub (local.get $at) (i32.const 65536))))
  (func (export "sum") (result i32)
    (local $at i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 65536)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 536870912))))
    (local.get $sum))
)
