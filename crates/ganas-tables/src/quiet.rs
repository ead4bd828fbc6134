//! Panics of foreign decoders on damaged files, caught and not printed.

use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    /// Set while a panic of this thread is expected.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs a function and returns `None` if it panics. The panic is not printed. Panics of other
/// threads are reported as usual.
pub(crate) fn catch_quietly<T>(function: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                before(info);
            }
        }));
    });
    let before = EXPECTED.replace(true);
    let result = panic::catch_unwind(function);
    EXPECTED.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_expected_panics_are_silent() {
        static PRINTED: AtomicUsize = AtomicUsize::new(0);
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<&str>();
            if text.is_some_and(|text| text.starts_with("quiet:")) {
                PRINTED.fetch_add(1, Ordering::SeqCst);
            } else {
                before(info);
            }
        }));
        assert_eq!(catch_quietly(|| 3), Some(3));
        assert_eq!(catch_quietly(|| -> u8 { panic!("quiet: expected") }), None);
        assert_eq!(PRINTED.load(Ordering::SeqCst), 0);
        assert!(panic::catch_unwind(|| panic!("quiet: not expected")).is_err());
        assert_eq!(PRINTED.load(Ordering::SeqCst), 1);
    }
}
