//! Which versions people run: of their editor, of the Copilot plugin in it, and of the command line.

use super::dice;
use super::stack::Editor;
use super::world::Person;

/// A version of an editor and the version of the plugin that people have in it, newest first.
type Releases = [(&'static str, &'static str); 3];

/// What somebody has installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Release {
    /// Of the editor itself.
    pub(super) editor: &'static str,
    /// The name of the plugin.
    pub(super) plugin: &'static str,
    /// Of the plugin.
    pub(super) plugin_version: &'static str,
}

/// The versions of the command line, newest first.
const CLI: [&str; 3] = ["1.0.90", "1.0.88", "1.0.71"];

impl Release {
    /// What `person` has of `editor`: most keep up, some are behind.
    pub(super) fn of(person: &Person, editor: Editor) -> Self {
        let (plugin, releases) = releases(editor);
        let (editor, plugin_version) = releases[age(person)];
        Self { editor, plugin, plugin_version }
    }

    /// The version of the command line that `person` has.
    pub(super) fn of_cli(person: &Person) -> &'static str {
        CLI[age(person)]
    }
}

/// How many releases somebody is behind.
fn age(person: &Person) -> usize {
    dice::weighted(&mut dice::about(person.dice, "releases"), &[(0, 60), (1, 28), (2, 12)])
}

fn releases(editor: Editor) -> (&'static str, Releases) {
    match editor {
        Editor::VsCode => {
            ("copilot-chat", [("1.140.1", "0.48.0"), ("1.139.0", "0.47.2"), ("1.136.2", "0.44.1")])
        }
        Editor::JetBrains => {
            ("copilot-intellij", [("2026.3", "1.9.2"), ("2026.2.4", "1.9.0"), ("2026.1.5", "1.7.4")])
        }
        Editor::VisualStudio => {
            ("copilot", [("18.9.1", "18.9.1120"), ("18.8.3", "18.8.1031"), ("17.14.21", "17.14.1502")])
        }
        Editor::Neovim => ("copilot.lua", [("0.12.3", "3.1.0"), ("0.12.1", "3.0.2"), ("0.11.6", "2.0.4")]),
        Editor::Vim => ("copilot.vim", [("9.2", "1.62.0"), ("9.1", "1.61.0"), ("9.1", "1.59.0")]),
        Editor::Emacs => ("copilot.el", [("31.1", "0.5.1"), ("30.3", "0.5.0"), ("30.2", "0.4.0")]),
        Editor::Xcode => ("copilot-xcode", [("27.1", "0.52.0"), ("27.0", "0.50.1"), ("26.4", "0.46.0")]),
        Editor::Eclipse => ("copilot", [("4.39", "0.19.0"), ("4.38", "0.18.1"), ("4.37", "0.15.0")]),
        Editor::Zed => ("copilot", [("1.12.0", "1.12.0"), ("1.11.2", "1.11.2"), ("1.9.4", "1.9.4")]),
    }
}
