//! `GITHUB_TEAMS`: which teams are watched.

use std::fmt;

use wildmatch::WildMatch;

use crate::owner::Owner;

/// Patterns, of which the last that matches a team decides.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamPatterns(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq)]
struct Pattern {
    include: bool,
    owner: WildMatch,
    team: WildMatch,
}

impl TeamPatterns {
    /// The word for no teams at all.
    const NONE: &'static str = "none";

    /// Reads a list of patterns. A list that only leaves out begins with everything.
    ///
    /// Gives nothing if a pattern is empty, has more than one slash, or `none` does not stand alone.
    pub fn parse(list: &[&str]) -> Option<Self> {
        if list == [Self::NONE] {
            return Some(Self(Vec::new()));
        }
        if list.contains(&Self::NONE) {
            return None;
        }
        let mut patterns = list.iter().map(|text| pattern(text)).collect::<Option<Vec<_>>>()?;
        if patterns.iter().all(|pattern| !pattern.include) {
            patterns.insert(0, pattern("*")?);
        }
        Some(Self(patterns))
    }

    /// Whether teams are watched at all; if not, their list need not be asked for.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all teams are watched, as by the default; if so, nobody has to look which.
    pub fn is_every(&self) -> bool {
        Self::parse(&["*"]).as_ref() == Some(self)
    }

    /// Whether this team is watched.
    pub fn select(&self, owner: &Owner, slug: &str) -> bool {
        let matching = self.0.iter().rev().find(|pattern| {
            pattern.owner.matches(owner.name()) && pattern.team.matches(&slug.to_lowercase())
        });
        matching.is_some_and(|pattern| pattern.include)
    }
}

/// As `GITHUB_TEAMS` can be written.
impl fmt::Display for TeamPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str(Self::NONE);
        }
        let word = |Pattern { include, owner, team }: &Pattern| {
            format!("{}{owner}/{team}", if *include { "" } else { "!" })
        };
        f.write_str(&self.0.iter().map(word).collect::<Vec<_>>().join(","))
    }
}

fn pattern(text: &str) -> Option<Pattern> {
    let (include, text) = text.strip_prefix('!').map_or((true, text), |rest| (false, rest));
    let text = text.trim().to_lowercase();
    let (owner, team) = text.split_once('/').unwrap_or(("*", &text));
    let sound = !owner.is_empty() && !team.is_empty() && !team.contains('/') && !team.starts_with('!');
    sound.then(|| Pattern { include, owner: WildMatch::new(owner), team: WildMatch::new(team) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(list: &str) -> Option<Vec<&'static str>> {
        let list: Vec<_> = list.split(',').map(str::trim).collect();
        let patterns = TeamPatterns::parse(&list)?;
        let teams = ["octo/core", "octo/core-api", "octo/web", "labs/core", "labs/ml"];
        let watched = |team: &&str| {
            let (owner, slug) = team.split_once('/').unwrap();
            patterns.select(&Owner::org(owner), slug)
        };
        Some(teams.into_iter().filter(watched).collect())
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let all = ["octo/core", "octo/core-api", "octo/web", "labs/core", "labs/ml"];
        for (list, expected) in [
            ("*", &all[..]),
            ("none", &[]),
            ("core", &["octo/core", "labs/core"]),
            ("Core*", &["octo/core", "octo/core-api", "labs/core"]),
            ("OCTO/*", &["octo/core", "octo/core-api", "octo/web"]),
            ("!core", &["octo/core-api", "octo/web", "labs/ml"]),
            ("!octo/*", &["labs/core", "labs/ml"]),
            ("!core*, octo/core", &["octo/core"]),
            ("*, !core*, octo/core", &["octo/core", "octo/web", "labs/ml"]),
            ("core*, !*", &[]),
            ("?x", &[]),
            ("m?", &["labs/ml"]),
        ] {
            assert_eq!(selected(list).unwrap(), expected, "{list}");
        }
    }

    #[test]
    fn only_the_default_is_known_to_select_every_team() {
        let is_every = |list: &[&str]| TeamPatterns::parse(list).unwrap().is_every();
        assert!(is_every(&["*"]) && is_every(&["*/*"]));
        assert!(![&["none"][..], &["core"], &["!core"], &["*", "core"]].into_iter().any(is_every));
    }

    #[test]
    fn what_cannot_be_a_pattern_is_none() {
        for list in ["a/b/c", "!", "octo/", "/core", "none,core", "!!a"] {
            assert_eq!(selected(list), None, "{list}");
        }
    }
}
