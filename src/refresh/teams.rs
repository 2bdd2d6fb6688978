//! The teams of an owner as reports list them. Pure.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::NaiveDate;

use super::roster::{is_slug, watched};
use crate::{
    config::TeamPatterns,
    github::teams::TeamRecord,
    model::state::Targets,
    owner::{Owner, Team},
};

/// Every team that was listed on a day that still counts. The list of a day is complete, but GitHub leaves out teams
/// with few people: one that is not in the newest is not gone.
#[derive(Debug, Default)]
pub struct Teams {
    /// On which day each was last listed, and its name then.
    listed: BTreeMap<u64, (NaiveDate, String)>,
    newest: Option<NaiveDate>,
}

impl Teams {
    /// These teams, each listed on a day.
    pub fn listed(teams: &[(Team, NaiveDate)]) -> Self {
        let listed: BTreeMap<_, _> =
            teams.iter().map(|(team, day)| (team.id, (*day, team.slug.clone()))).collect();
        Self { newest: teams.iter().map(|(_, day)| *day).max(), listed }
    }

    /// Takes in which teams the list of a day has, by id and name. A name that is none does not replace one that is:
    /// without a name a team would be gone, and its days with it.
    pub fn learn(&mut self, day: NaiveDate, slugs: &BTreeMap<u64, String>) {
        self.newest = self.newest.max(Some(day));
        for (id, slug) in slugs {
            let (last, name) = self.listed.entry(*id).or_insert_with(|| (day, slug.clone()));
            if *last <= day {
                *last = day;
                if is_slug(slug) {
                    slug.clone_into(name);
                }
            }
        }
    }

    /// Forgets the teams that were last listed before a day. What was listed behind the newest day, which GitHub has
    /// taken back since, counts as of that one: else no later list could change it.
    pub fn keep_within(&mut self, begins: NaiveDate, newest: NaiveDate) {
        self.newest = self.newest.map(|listed| listed.min(newest));
        self.listed.retain(|_, (last, _)| {
            *last = newest.min(*last);
            *last >= begins
        });
    }

    /// The teams that the patterns select by their newest name. A name that has passed to another team is that one's.
    pub fn watched(&self, patterns: &TeamPatterns, owner: &Owner) -> Vec<Team> {
        let mut newest_first: Vec<_> = self.listed.iter().collect();
        newest_first.sort_by_key(|(id, (last, _))| (Reverse(*last), **id));
        let record =
            |(id, (_, slug)): (&u64, &(NaiveDate, String))| TeamRecord { id: *id, slug: slug.clone() };
        let records: Vec<_> = newest_first.into_iter().map(record).collect();
        watched(&records, patterns, owner)
    }

    /// What became of the watched teams.
    pub fn targets(&self, patterns: &TeamPatterns, owner: &Owner, failed: bool) -> Targets {
        let is_newest = |team: &&Team| self.listed.get(&team.id).map(|(last, _)| *last) == self.newest;
        let watched = self.watched(patterns, owner);
        let all = watched.len() as u64;
        if failed {
            return Targets { failing: all, ..Targets::default() };
        }
        let ok = watched.iter().filter(is_newest).count() as u64;
        Targets { ok, no_data: all - ok, failing: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        format!("2026-11-{text}").parse().unwrap()
    }

    fn learn(teams: &mut Teams, on: &str, listed: &[(u64, &str)]) {
        teams.learn(day(on), &listed.iter().map(|(team, slug)| (*team, (*slug).to_owned())).collect());
    }

    fn watched(teams: &Teams, patterns: &[&str]) -> Vec<(u64, String)> {
        let patterns = TeamPatterns::parse(patterns).unwrap();
        let mut watched: Vec<_> = teams
            .watched(&patterns, &Owner::org("octo"))
            .into_iter()
            .map(|team| (team.id, team.slug))
            .collect();
        watched.sort_unstable();
        watched
    }

    fn named(teams: &[(u64, &str)]) -> Vec<(u64, String)> {
        teams.iter().map(|(id, slug)| (*id, (*slug).to_owned())).collect()
    }

    #[test]
    fn a_team_has_its_newest_name_in_whichever_order_the_days_are_read() {
        for days in [["15", "16"], ["16", "15"]] {
            let mut teams = Teams::default();
            for on in days {
                learn(&mut teams, on, &[(1, if on == "16" { "Crimson" } else { "red" })]);
            }
            assert_eq!(watched(&teams, &["*"]), named(&[(1, "crimson")]), "{days:?}");
        }
        let mut teams = Teams::default();
        learn(&mut teams, "16", &[(1, "red")]);
        learn(&mut teams, "16", &[(1, "crimson")]);
        assert_eq!(watched(&teams, &["*"]), named(&[(1, "crimson")]), "a day that is read again");
    }

    #[test]
    fn a_name_that_is_none_does_not_replace_one_that_is() {
        let mut teams = Teams::default();
        learn(&mut teams, "15", &[(1, "red"), (2, "a b")]);
        learn(&mut teams, "16", &[(1, "../x"), (2, "blue")]);
        assert_eq!(watched(&teams, &["*"]), named(&[(1, "red"), (2, "blue")]));
    }

    #[test]
    fn a_name_that_has_passed_to_another_team_is_that_ones() {
        let mut teams = Teams::default();
        learn(&mut teams, "15", &[(1, "red"), (2, "blue")]);
        learn(&mut teams, "16", &[(2, "red")]);
        assert_eq!(watched(&teams, &["*"]), named(&[(2, "red")]));
        learn(&mut teams, "17", &[(1, "blue"), (2, "red")]);
        assert_eq!(watched(&teams, &["*"]), named(&[(1, "blue"), (2, "red")]));
        learn(&mut teams, "17", &[(3, "red")]);
        assert_eq!(watched(&teams, &["*"]), named(&[(1, "blue"), (2, "red")]), "of two on one day the first");
    }

    #[test]
    fn patterns_select_by_the_newest_name() {
        let mut teams = Teams::default();
        learn(&mut teams, "15", &[(1, "core"), (2, "web"), (3, "")]);
        learn(&mut teams, "16", &[(1, "old-core")]);
        assert_eq!(watched(&teams, &["!old*"]), named(&[(2, "web")]));
        assert_eq!(watched(&teams, &["core", "other/*"]), []);
        assert_eq!(
            watched(&teams, &["octo/*"]),
            named(&[(1, "old-core"), (2, "web")]),
            "a name it has to have"
        );
    }

    #[test]
    fn a_team_is_forgotten_when_no_list_that_still_counts_has_it() {
        let mut teams = Teams::default();
        learn(&mut teams, "15", &[(1, "red"), (2, "blue")]);
        learn(&mut teams, "16", &[(2, "blue")]);
        teams.keep_within(day("15"), day("16"));
        assert_eq!(watched(&teams, &["*"]).len(), 2);
        teams.keep_within(day("16"), day("16"));
        assert_eq!(watched(&teams, &["*"]), named(&[(2, "blue")]));
    }

    #[test]
    fn watched_teams_that_the_newest_list_leaves_out_have_no_data() {
        let mut teams = Teams::default();
        let targets = |teams: &Teams, failed| {
            let patterns = TeamPatterns::parse(&["!green"]).unwrap();
            let Targets { ok, no_data, failing } = teams.targets(&patterns, &Owner::org("octo"), failed);
            [ok, no_data, failing]
        };
        assert_eq!((targets(&teams, false), targets(&teams, true)), ([0, 0, 0], [0, 0, 0]));
        learn(&mut teams, "16", &[(2, "blue"), (4, "green"), (5, "gold")]);
        learn(&mut teams, "15", &[(1, "red"), (2, "blue")]);
        assert_eq!((targets(&teams, false), targets(&teams, true)), ([2, 1, 0], [0, 0, 3]));
        learn(&mut teams, "17", &[]);
        assert_eq!(targets(&teams, false), [0, 3, 0], "a list without anybody is a list");
    }
}
