//! Ends of commands.

/// End of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it was done.
    Done,
    /// The search ended without a usable architecture.
    Nothing,
    /// The command was interrupted, and its state is saved.
    Interrupted,
}
