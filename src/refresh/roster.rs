//! Which teams of a list are watched. Pure.

use std::collections::BTreeSet;

use crate::{
    config::TeamPatterns,
    github::teams::TeamRecord,
    owner::{Owner, Team},
};

/// The teams of a complete list that the patterns select, no id and no slug twice.
///
/// A slug is a label value and a path segment: an empty one would pass for the owner as a whole, dots would lead
/// elsewhere, and one without end would fill the page, so such a team is left out with a line in the log.
pub fn watched(records: &[TeamRecord], patterns: &TeamPatterns, owner: &Owner) -> Vec<Team> {
    let (mut ids, mut slugs) = (BTreeSet::new(), BTreeSet::new());
    let mut teams = Vec::new();
    for TeamRecord { id, slug } in records {
        let slug = slug.to_lowercase();
        if !is_slug(&slug) {
            tracing::warn!(%owner, id, "left out: GitHub lists a team without a usable slug");
        } else if patterns.select(owner, &slug) && ids.insert(*id) && slugs.insert(slug.clone()) {
            teams.push(Team { id: *id, slug });
        }
    }
    teams
}

/// Bytes; GitHub's own names have 100 characters at most.
const LONGEST_SLUG: usize = 255;

/// Whether a name can be a label value and a path segment.
pub(super) fn is_slug(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= LONGEST_SLUG
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(records: &[(u64, &str)]) -> Vec<(u64, String)> {
        let record = |(id, slug): &(u64, &str)| TeamRecord { id: *id, slug: (*slug).to_owned() };
        let records: Vec<_> = records.iter().map(record).collect();
        let teams = watched(&records, &TeamPatterns::parse(&["!old"]).unwrap(), &Owner::org("octo"));
        teams.into_iter().map(|team| (team.id, team.slug)).collect()
    }

    #[test]
    fn slugs_are_lower_case_and_the_patterns_decide() {
        assert_eq!(
            slugs(&[(1, "Red"), (2, "OLD"), (3, "ent:core")]),
            [(1, "red".into()), (3, "ent:core".into())]
        );
    }

    #[test]
    fn no_id_and_no_slug_comes_twice() {
        assert_eq!(slugs(&[(1, "red"), (1, "red"), (2, "RED"), (1, "blue")]), [(1, "red".into())]);
    }

    #[test]
    fn a_slug_that_could_pass_for_something_else_is_left_out() {
        assert_eq!(
            slugs(&[(1, ""), (2, "."), (3, ".."), (4, "a/b"), (5, "a b"), (6, "a\nb"), (7, "a.b")]),
            [(7, "a.b".into())]
        );
        let longest = "x".repeat(255);
        assert_eq!(slugs(&[(1, &longest), (2, &"y".repeat(256))]), [(1, longest)]);
    }
}
