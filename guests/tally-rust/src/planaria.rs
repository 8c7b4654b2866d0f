//! `planaria:host@0.1.0` by hand, as far as this guest needs it: what wit-bindgen would write.
//!
//! The canonical ABI lays values out as C does. Strings that the host hands over are the guest's to free.

use std::alloc::{alloc, handle_alloc_error, realloc, Layout};
use std::sync::Once;

/// A string as the canonical ABI has it.
#[repr(C)]
pub struct Text {
    pub bytes: *const u8,
    pub length: usize,
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text {
            bytes: text.as_ptr(),
            length: text.len(),
        }
    }
}

/// A `result<string, string>`.
#[repr(C)]
pub struct Outcome {
    pub failed: bool,
    pub text: Text,
}

/// Two imports of the same name, of different modules.
#[allow(clashing_extern_declarations)]
mod raw {
    #[link(wasm_import_module = "planaria:host/promise@0.1.0")]
    extern "C" {
        #[link_name = "create"]
        pub fn create_promise(
            has_id: bool,
            id: *const u8,
            length: usize,
            has_timeout: bool,
            timeout_ms: u64,
            created: *mut super::Text,
        );
        #[link_name = "await"]
        pub fn await_promise(id: *const u8, length: usize) -> u32;
    }
    #[link(wasm_import_module = "planaria:host/operation@0.1.0")]
    extern "C" {
        #[link_name = "await"]
        pub fn await_operation(operation: u32, outcome: *mut super::Outcome);
    }
    extern "C" {
        pub fn __wasm_call_ctors();
    }
}

/// Makes a promise; one that there is stays as it is.
pub fn create_promise(id: &str) {
    let mut created = Text::from("");
    unsafe {
        raw::create_promise(true, id.as_ptr(), id.len(), false, 0, &mut created);
        take(created.bytes, created.length);
    }
}

/// Blocks until a promise is settled: its value as JSON text, or its error.
pub fn await_promise(id: &str) -> Result<String, String> {
    let mut outcome = Outcome {
        failed: false,
        text: Text::from(""),
    };
    unsafe {
        raw::await_operation(raw::await_promise(id.as_ptr(), id.len()), &mut outcome);
        let text = take(outcome.text.bytes, outcome.text.length);
        if outcome.failed {
            Err(text)
        } else {
            Ok(text)
        }
    }
}

/// Makes a string of one that the host handed over.
///
/// # Safety
/// It is the host's, or comes from `cabi_realloc`, and is taken once.
pub unsafe fn take(bytes: *const u8, length: usize) -> String {
    String::from_raw_parts(bytes as *mut u8, length, length)
}

/// To be called first by every export: the C library below Rust's has to be set up once, and not for each call.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| unsafe { raw::__wasm_call_ctors() });
}

/// What the host puts strings and lists into.
///
/// # Safety
/// It is called by the host alone.
#[export_name = "cabi_realloc"]
pub unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_size: usize,
    align: usize,
    size: usize,
) -> *mut u8 {
    if size == 0 {
        return align as *mut u8;
    }
    let wanted = Layout::from_size_align_unchecked(size, align);
    let bytes = match old_size {
        0 => alloc(wanted),
        _ => realloc(
            old,
            Layout::from_size_align_unchecked(old_size, align),
            size,
        ),
    };
    if bytes.is_null() {
        handle_alloc_error(wanted);
    }
    bytes
}
