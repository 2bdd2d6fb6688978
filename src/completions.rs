//! What makes a shell complete the command line.

use clap::{Command, ValueEnum};
use clap_complete::{Generator, generate, shells};

/// A shell for which there is a script.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// GNU Bash, 4 or newer.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

impl Shell {
    /// The script that tells the shell about a command and everything below it.
    pub fn script(self, command: Command) -> Vec<u8> {
        match self {
            Self::Bash => written(shells::Bash, command),
            Self::Zsh => written(shells::Zsh, command),
            Self::Fish => written(shells::Fish, command),
        }
    }
}

fn written(shell: impl Generator, mut command: Command) -> Vec<u8> {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    generate(shell, &mut command, name, &mut script);
    script
}
