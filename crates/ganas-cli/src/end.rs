//! Ends of commands.

/// End of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it was done.
    Done,
    /// It came to its end without an architecture that can be used.
    Nothing,
    /// It was interrupted, and what it had is saved.
    Interrupted,
}
