(module
  (memory (export "memory") 1)
  (data $word "\2a\00\00\00")
  (func (export "copy") (result i32)
    (memory.init $word (i32.const 0) (i32.const 0) (i32.const 4))
    (i32.load (i32.const 0)))
  (func (export "drop") (data.drop $word))
)
