(module
  (import "acme:missing/things@1.2.3" "get" (func $get (result i32)))
  (memory (export "memory") 1)
  (func (export "go") (result i32) (call $get))
)
