//! What is asked of GitHub for an owner: the words of `EXPORTER_SOURCES` and of the `source` label.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of question. A source is up only if everything it asks was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The owner's own usage figures.
    Activity,
    /// The team list and the teams' usage figures.
    Teams,
    /// Who has a seat, and whether it is used.
    Seats,
    /// What Copilot has cost this month.
    Billing,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::Activity, Self::Teams, Self::Seats, Self::Billing];

    /// The word for it in configuration, labels, log and page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Teams => "teams",
            Self::Seats => "seats",
            Self::Billing => "billing",
        }
    }

    /// Whether it is asked for by one of the two interfaces about usage ([`Api`]); the others are the same for both.
    pub const fn is_usage(self) -> bool {
        matches!(self, Self::Activity | Self::Teams)
    }

    /// The source with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.word() == word)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which of GitHub's interfaces answers for an owner: the `api` label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// The Copilot usage API.
    #[default]
    Usage,
    /// The usage metrics reports.
    Reports,
}

impl Api {
    /// The word for it in configuration, label and page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Reports => "reports",
        }
    }
}
