//! What the program ends with.

use std::{fmt::Write, process::ExitCode};

/// How it ended, for whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1.
    Failed,
    /// 64, `EX_USAGE` of sysexits: another start would change nothing.
    Unusable,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Done, Self::Failed, Self::Unusable];

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Unusable => 64,
        }
    }

    /// What it says.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or asked to stop",
            Self::Failed => {
                "could not start, something is refused (check), or could not be read or written (backfill)"
            }
            Self::Unusable => "the command line or a variable is not usable; each problem is on a line",
        }
    }

    /// The codes, a line for each, as in `--help`.
    pub fn table() -> String {
        let mut text = String::from("Exit codes:");
        for exit in Self::ALL {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  {:>2}  {}", exit.code(), exit.meaning());
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
