//! Whom the figures describe: an organisation or an enterprise, and the teams in it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose Copilot usage is asked for.
///
/// GitHub compares both kinds of name without regard to case, so they are kept in lower case: one owner is one
/// value, one label and one path, however it was spelt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// An organisation, by its login.
    Org(String),
    /// An enterprise, by its slug: the de-duplicated whole of its organisations.
    Enterprise(String),
}

impl Owner {
    /// The organisation with this login.
    pub fn org(login: &str) -> Self {
        Self::Org(login.to_lowercase())
    }

    /// The enterprise with this slug.
    pub fn enterprise(slug: &str) -> Self {
        Self::Enterprise(slug.to_lowercase())
    }

    /// Login or slug.
    pub fn name(&self) -> &str {
        match self {
            Self::Org(name) | Self::Enterprise(name) => name,
        }
    }

    /// The `enterprise` label: empty for an organisation.
    pub fn enterprise_label(&self) -> &str {
        match self {
            Self::Org(_) => "",
            Self::Enterprise(slug) => slug,
        }
    }

    /// The `org` label: empty for an enterprise.
    pub fn org_label(&self) -> &str {
        match self {
            Self::Org(login) => login,
            Self::Enterprise(_) => "",
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(login) => write!(f, "organisation {login}"),
            Self::Enterprise(slug) => write!(f, "enterprise {slug}"),
        }
    }
}

/// A team of an owner, as the team list names it.
///
/// The `id` is the team; slug and name can change and are only shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// GitHub's numeric `id`.
    pub id: u64,
    /// GitHub's `slug`, lower-cased: the `team` label and the path segment to ask with.
    pub slug: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_login_in_another_spelling_is_the_same_owner() {
        assert_eq!(Owner::org("Octo-Org"), Owner::org("octo-org"));
        assert_ne!(Owner::org("octo"), Owner::enterprise("octo"));
    }

    #[test]
    fn exactly_one_of_the_two_owner_labels_is_filled() {
        for owner in [Owner::org("A"), Owner::enterprise("A")] {
            assert_ne!(owner.org_label().is_empty(), owner.enterprise_label().is_empty());
            assert_eq!(owner.name(), "a");
        }
    }
}
