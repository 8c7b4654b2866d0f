;; A component of two core modules, each with a memory and a counter of its own that it does not export.
(component
  (core module $Store
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    (func (export "add") (param $by i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get $by)))
      (i32.load (i32.const 0)))
    (func (export "calls") (result i32) (global.get $calls)))

  (core module $Front
    (import "store" "add" (func $add (param i32) (result i32)))
    (memory 1)
    (global $largest (mut i32) (i32.const 0))
    (func (export "add") (param $by i32) (result i32)
      (if (i32.gt_u (local.get $by) (global.get $largest)) (then (global.set $largest (local.get $by))))
      (i32.store (i32.const 65532) (local.get $by))
      (call $add (local.get $by)))
    (func (export "last") (result i32) (i32.load (i32.const 65532)))
    (func (export "largest") (result i32) (global.get $largest)))

  (core instance $store (instantiate $Store))
  (core instance $front (instantiate $Front (with "store" (instance $store))))
  (func (export "add") (param "by" u32) (result u32) (canon lift (core func $front "add")))
  (func (export "last") (result u32) (canon lift (core func $front "last")))
  (func (export "largest") (result u32) (canon lift (core func $front "largest")))
  (func (export "calls") (result u32) (canon lift (core func $store "calls")))
)
