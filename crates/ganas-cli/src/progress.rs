//! Progress on standard error, where somebody looks at it.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::plain;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// How often the clock of a bar is drawn anew.
const CLOCK: Duration = Duration::from_millis(500);

/// The ticks of an epoch on a bar.
const EPOCH: usize = 1000;

/// Whether and how progress is shown. Nothing is drawn where standard error is not a terminal; what takes
/// long may [log](Progress::log) how it goes on there.
pub struct Progress {
    quiet: bool,
}

impl Progress {
    /// Progress that is shown unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        Progress { quiet }
    }

    /// A line on standard error.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            eprintln!("{}", plain(text));
        }
    }

    /// A line on standard error where no bar can be drawn there, as in a file.
    pub fn log(&self, text: &str) {
        if !io::stderr().is_terminal() {
            self.say(text);
        }
    }

    /// A spinner that says what is being waited for until it is dropped.
    pub fn waiting(&self, what: impl Into<Cow<'static, str>>) -> Bar {
        if self.quiet {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(plain(&what.into()).into_owned());
        // It takes a thread, which is wasted where nobody looks.
        if io::stderr().is_terminal() {
            bar.enable_steady_tick(TICK);
        }
        Bar(bar)
    }

    /// A bar over so many queries.
    pub fn queries(&self, total: usize) -> Bar {
        if self.quiet {
            return Bar(ProgressBar::hidden());
        }
        // The template is a constant; were it malformed, the plain bar would do.
        let style = ProgressStyle::with_template(
            "{elapsed_precise} [{bar:30}] {human_pos}/{human_len} queries, {eta} left  {msg} {prefix}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        Bar::drawn(total, style)
    }

    /// A bar over the queries of one search, with how it stands in a line of its own.
    pub fn search(&self, total: usize) -> Bar {
        if self.quiet {
            return Bar(ProgressBar::hidden());
        }
        // As above.
        let style = ProgressStyle::with_template(
            "{elapsed_precise} [{bar:30}] {human_pos}/{human_len} queries, {eta} left  {prefix}\n{wide_msg}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        Bar::drawn(total, style)
    }

    /// A bar over steps of training.
    pub fn steps(&self, total: usize) -> Bar {
        if self.quiet {
            return Bar(ProgressBar::hidden());
        }
        // As above.
        let style = ProgressStyle::with_template(
            "{elapsed_precise} [{bar:30}] {percent} %, {eta} left  {msg}  {prefix}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        Bar::drawn(total, style)
    }

    /// A bar over epochs, some of which are done.
    pub fn supernet(&self, epochs: usize, done: usize) -> Bar {
        let bar = self.steps(epochs * EPOCH);
        bar.set(done * EPOCH);
        bar.0.reset_eta();
        bar
    }
}

/// A bar or spinner that disappears when it is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that is there at once, and whose clock runs while nothing else happens.
    fn drawn(total: usize, style: ProgressStyle) -> Bar {
        let bar = ProgressBar::new(total as u64).with_style(style.progress_chars("=> "));
        bar.tick();
        bar.enable_steady_tick(CLOCK);
        Bar(bar)
    }

    /// Whether anybody sees it.
    pub fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// So many more queries are done.
    pub fn advance(&self, queries: usize) {
        self.0.inc(queries as u64);
    }

    /// What stands beside the bar.
    pub fn say(&self, message: impl Into<Cow<'static, str>>) {
        self.0.set_message(plain(&message.into()).into_owned());
    }

    /// So many are done in all.
    pub fn set(&self, done: usize) {
        self.0.set_position(done as u64);
    }

    /// So many steps of an epoch are done, and all epochs before it.
    pub fn at(&self, epoch: usize, step: usize, steps: usize) {
        self.set(epoch * EPOCH + step * EPOCH / steps.max(1));
    }

    /// What stands beside that, and lines above, for who has no bar at hand.
    pub fn remarks(&self) -> Remarks {
        Remarks(self.0.clone())
    }
}

/// Remarks beside and above a bar.
#[derive(Clone)]
pub struct Remarks(ProgressBar);

impl Remarks {
    /// What stands beside the bar.
    pub fn beside(&self, remark: String) {
        self.0.set_prefix(plain(&remark).into_owned());
        self.0.tick();
    }

    /// A line on standard error, above the bar if there is one.
    pub fn line(&self, text: &str) {
        self.0.suspend(|| eprintln!("{}", plain(text)));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
