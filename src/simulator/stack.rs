//! What a team builds with: its subject, its languages and the editors that go with them.

/// An editor Copilot runs in. GitHub's two APIs call some of them by different names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Editor {
    /// Visual Studio Code.
    VsCode,
    /// Any IDE of the JetBrains family.
    JetBrains,
    /// Microsoft Visual Studio.
    VisualStudio,
    /// Neovim.
    Neovim,
    /// Vim.
    Vim,
    /// Emacs.
    Emacs,
    /// Apple Xcode.
    Xcode,
    /// Eclipse.
    Eclipse,
    /// Zed.
    Zed,
}

impl Editor {
    /// The name in the usage API's `editor` field, where the JetBrains family is one word.
    pub fn usage_name(self) -> &'static str {
        match self {
            Editor::JetBrains => "jetbrains",
            other => other.ide_name(),
        }
    }

    /// The name in the live API's `ide` field.
    pub fn ide_name(self) -> &'static str {
        match self {
            Editor::VsCode => "vscode",
            Editor::JetBrains => "intellij",
            Editor::VisualStudio => "visualstudio",
            Editor::Neovim => "neovim",
            Editor::Vim => "vim",
            Editor::Emacs => "emacs",
            Editor::Xcode => "xcode",
            Editor::Eclipse => "eclipse",
            Editor::Zed => "zed",
        }
    }

    /// A language as this editor spells it: the identifiers are the editors' own and disagree.
    pub(super) fn spelling(self, language: &'static str) -> &'static str {
        match (self, language) {
            (Editor::VisualStudio | Editor::JetBrains, "csharp") => "c#",
            (Editor::VisualStudio, "cpp") => "c++",
            (Editor::JetBrains, "terraform") => "hcl",
            (Editor::JetBrains, "typescriptreact") => "tsx",
            (Editor::Neovim | Editor::Vim, "shellscript") => "sh",
            (Editor::Emacs | Editor::JetBrains, "shellscript") => "shell",
            _ => language,
        }
    }
}

/// A way of building software, with languages and editors by weight.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) languages: &'static [(&'static str, u64)],
    pub(super) editors: &'static [(Editor, u64)],
}

const WEB: Stack = Stack {
    languages: &[
        ("typescript", 40),
        ("typescriptreact", 25),
        ("javascript", 15),
        ("css", 10),
        ("html", 6),
        ("json", 4),
    ],
    editors: &[(Editor::VsCode, 80), (Editor::JetBrains, 12), (Editor::Neovim, 5), (Editor::Zed, 3)],
};
const SERVICES: Stack = Stack {
    languages: &[("java", 45), ("kotlin", 25), ("sql", 12), ("yaml", 10), ("xml", 5), ("groovy", 3)],
    editors: &[(Editor::JetBrains, 72), (Editor::VsCode, 18), (Editor::Eclipse, 10)],
};
const DATA: Stack = Stack {
    languages: &[("python", 60), ("sql", 20), ("markdown", 8), ("yaml", 5), ("r", 4), ("scala", 3)],
    editors: &[(Editor::VsCode, 65), (Editor::JetBrains, 28), (Editor::Vim, 4), (Editor::Emacs, 3)],
};
const SYSTEMS: Stack = Stack {
    languages: &[("rust", 45), ("cpp", 25), ("c", 10), ("python", 10), ("toml", 5), ("shellscript", 5)],
    editors: &[(Editor::VsCode, 50), (Editor::Neovim, 25), (Editor::JetBrains, 20), (Editor::Emacs, 5)],
};
const PLATFORM: Stack = Stack {
    languages: &[
        ("go", 45),
        ("terraform", 20),
        ("yaml", 18),
        ("shellscript", 10),
        ("dockerfile", 4),
        ("markdown", 3),
    ],
    editors: &[(Editor::VsCode, 62), (Editor::JetBrains, 20), (Editor::Neovim, 15), (Editor::Vim, 3)],
};
const MOBILE: Stack = Stack {
    languages: &[("swift", 45), ("kotlin", 35), ("dart", 10), ("objective-c", 6), ("json", 4)],
    editors: &[(Editor::Xcode, 45), (Editor::JetBrains, 35), (Editor::VsCode, 20)],
};
const DOTNET: Stack = Stack {
    languages: &[("csharp", 60), ("sql", 15), ("typescript", 15), ("powershell", 6), ("xml", 4)],
    editors: &[(Editor::VisualStudio, 62), (Editor::JetBrains, 16), (Editor::VsCode, 22)],
};
const SCRIPTS: Stack = Stack {
    languages: &[("ruby", 40), ("php", 30), ("javascript", 20), ("html", 6), ("sql", 4)],
    editors: &[(Editor::VsCode, 65), (Editor::JetBrains, 30), (Editor::Vim, 5)],
};

/// What teams are about. The order mixes the stacks, so that a few teams already differ.
pub(super) const SUBJECTS: [(&str, &Stack); 24] = [
    ("Payments", &SERVICES),
    ("Platform", &PLATFORM),
    ("Search Quality", &DATA),
    ("Storefront", &WEB),
    ("Mobile Apps", &MOBILE),
    ("Billing", &DOTNET),
    ("Ingestion", &SYSTEMS),
    ("Growth", &SCRIPTS),
    ("Identity", &SERVICES),
    ("Developer Experience", &PLATFORM),
    ("Recommendations", &DATA),
    ("Design System", &WEB),
    ("Fulfilment", &SERVICES),
    ("Observability", &PLATFORM),
    ("Fraud Detection", &DATA),
    ("Customer Portal", &WEB),
    ("Wallet", &MOBILE),
    ("Back Office", &DOTNET),
    ("Edge Network", &SYSTEMS),
    ("Content", &SCRIPTS),
    ("Pricing", &SERVICES),
    ("Databases", &SYSTEMS),
    ("Forecasting", &DATA),
    ("Release Engineering", &PLATFORM),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jetbrains_family_has_one_name_in_each_api() {
        assert_eq!((Editor::JetBrains.usage_name(), Editor::JetBrains.ide_name()), ("jetbrains", "intellij"));
        assert_eq!((Editor::VsCode.usage_name(), Editor::VsCode.ide_name()), ("vscode", "vscode"));
    }

    #[test]
    fn no_editor_spells_two_languages_of_a_stack_alike() {
        for (subject, stack) in SUBJECTS {
            for (editor, _) in stack.editors {
                let mut spelled: Vec<_> =
                    stack.languages.iter().map(|(language, _)| editor.spelling(language)).collect();
                spelled.sort_unstable();
                spelled.dedup();
                assert_eq!(spelled.len(), stack.languages.len(), "{subject} in {editor:?}");
            }
        }
    }
}
