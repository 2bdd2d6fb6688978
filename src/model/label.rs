//! Label values: names as GitHub sends them, made equal where they mean the same, and kept once in memory.

use std::{collections::HashSet, fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};

/// What stands for a name that GitHub did not send.
pub const UNKNOWN: &str = "unknown";

/// What stands for the names that were folded, by GitHub or by us.
pub const OTHERS: &str = "others";

/// Editors' spellings of the same language.
const ALIASES: [(&str, &str); 7] = [
    ("c#", "csharp"),
    ("c++", "cpp"),
    ("f#", "fsharp"),
    ("golang", "go"),
    ("pwsh", "powershell"),
    ("shellscript", "shell"),
    ("text", "plaintext"),
];

/// Longer names are cut: no language is called that, and a label must not be able to fill the page.
const LONGEST: usize = 100;

/// A name, shared by all rows that carry it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(from = "String")]
pub struct Label(Arc<str>);

impl Label {
    /// A name as it stands.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for Label {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl Deref for Label {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Every name in use, so that a thousand teams with Python hold the word once.
#[derive(Clone, Debug, Default)]
pub struct Labels(HashSet<Arc<str>>);

impl Labels {
    /// The label for a language or editor from GitHub: trimmed, in lower case, synonyms made one.
    pub fn label(&mut self, name: Option<&str>) -> Label {
        let name = clean(name);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        self.keep(alias.map_or(&name, |(_, name)| name))
    }

    /// The label for any other name from GitHub: trimmed and in lower case.
    pub fn name(&mut self, name: Option<&str>) -> Label {
        self.keep(&clean(name))
    }

    fn keep(&mut self, name: &str) -> Label {
        if let Some(known) = self.0.get(name) {
            return Label(Arc::clone(known));
        }
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name));
        Label(name)
    }

    /// The empty name, for what is not told apart.
    pub fn none(&mut self) -> Label {
        self.keep("")
    }

    /// The same name, held once.
    pub fn share(&mut self, label: &Label) -> Label {
        self.keep(label)
    }

    /// How many names are held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets the names that no row carries any more.
    pub fn forget_unused(&mut self) {
        self.0.retain(|name| Arc::strong_count(name) > 1);
    }
}

fn clean(name: Option<&str>) -> String {
    let shown = |c: &char| !c.is_control();
    let name = name.unwrap_or_default().trim().to_lowercase();
    let name: String = name.chars().filter(shown).take(LONGEST).collect();
    if name.is_empty() { UNKNOWN.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_the_same_become_one_label() {
        let mut labels = Labels::default();
        for (sent, label) in [
            (Some("C#"), "csharp"),
            (Some("csharp"), "csharp"),
            (Some(" Python "), "python"),
            (Some(""), "unknown"),
            (None, "unknown"),
            (Some("Unknown"), "unknown"),
            (Some("Others"), "others"),
            (Some("ÄPFEL"), "äpfel"),
            (Some("a\0b\nc"), "abc"),
        ] {
            assert_eq!(&*labels.label(sent), label, "{sent:?}");
        }
        assert_eq!(labels.label(Some(&"x".repeat(5000))).len(), LONGEST);
        assert_eq!(&*labels.name(Some(" Golang")), "golang", "a team may be called that");
        assert_eq!(&*labels.name(None), "unknown");
    }

    #[test]
    fn a_name_no_row_carries_is_forgotten() {
        let mut labels = Labels::default();
        let kept = labels.label(Some("rust"));
        labels.label(Some("cobol"));
        labels.forget_unused();
        assert_eq!(labels.0.len(), 1);
        assert_eq!(labels.label(Some("Rust")), kept);
    }
}
