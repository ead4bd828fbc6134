//! Panics of strategies and evaluators, as text.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Location of the last panic while panics of this thread are caught without being printed.
    static QUIET: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs a function and returns the message of its panic, if it panics. The panic is printed as ever.
pub(super) fn catch<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(function)).map_err(|payload| message(&*payload))
}

/// Runs a function as [`catch`] does. The panic is not printed, and its message has the location.
pub(super) fn catch_quietly<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            let quiet = QUIET.with_borrow_mut(|quiet| {
                let is_quiet = quiet.is_some();
                if let (Some(quiet), Some(location)) = (quiet, location) {
                    *quiet = location;
                }
                is_quiet
            });
            if !quiet {
                before(info);
            }
        }));
    });
    let outer = QUIET.replace(Some(String::new()));
    let result = catch(function);
    let location = QUIET.replace(outer).unwrap_or_default();
    result.map_err(|message| format!("{message} ({location})"))
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(catch_quietly(|| 3), Ok(3));
        let text = catch_quietly(|| -> u8 { panic!("no {}", "pool") }).unwrap_err();
        assert!(text.starts_with("no pool ("), "{text}");
        assert!(text.contains("panics.rs:"), "{text}");
        let text = catch_quietly(|| catch(|| -> u8 { panic!("inner") }));
        assert_eq!(text, Ok(Err("inner".into())));
    }
}
