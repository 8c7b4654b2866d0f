;; Three core modules and three memories: one module imports the memories of the two others, and has the third.
(component
  (core module $Left (memory (export "memory") 1))
  (core module $Right (memory (export "memory") 2))
  (core module $Middle
    (import "left" "memory" (memory $left 1))
    (import "right" "memory" (memory $right 2))
    (memory $own 1)
    (func (export "put") (param $value i32)
      (i32.store $left (i32.const 8) (i32.load $right (i32.const 8)))
      (i32.store $right (i32.const 8) (i32.load $own (i32.const 8)))
      (i32.store $own (i32.const 8) (local.get $value)))
    ;; The value before last, the last but one, the last, as digits of one number.
    (func (export "digits") (result i32)
      (i32.add
        (i32.mul (i32.const 100) (i32.load $left (i32.const 8)))
        (i32.add (i32.mul (i32.const 10) (i32.load $right (i32.const 8))) (i32.load $own (i32.const 8))))))

  (core instance $left (instantiate $Left))
  (core instance $right (instantiate $Right))
  (core instance $middle (instantiate $Middle (with "left" (instance $left)) (with "right" (instance $right))))
  (func (export "put") (param "value" u32) (canon lift (core func $middle "put")))
  (func (export "digits") (result u32) (canon lift (core func $middle "digits")))
)
