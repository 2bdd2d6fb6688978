//! Who was in which team on which days, while what people did is being joined with it.

use std::{collections::BTreeMap, fmt};

use chrono::{Datelike, NaiveDate};

use crate::github::reports::{Fold, UserTeam};

/// How many days have bits of their own.
pub const MOST_DAYS: u32 = 64;

/// The bit of a day. Days less than [`MOST_DAYS`] apart have different ones.
pub(super) fn bit(day: NaiveDate) -> u64 {
    1 << day.num_days_from_ce().rem_euclid(MOST_DAYS.cast_signed())
}

/// The teams of one day as GitHub lists them: who has a seat and is in which.
#[derive(Clone, PartialEq, Eq)]
pub struct TeamList {
    /// UTC day.
    pub day: NaiveDate,
    /// The names of the teams, by id; empty where GitHub gave none.
    pub slugs: BTreeMap<u64, String>,
    /// User and team.
    members: Vec<(u64, u64)>,
}

/// Who is in the teams does not stand in any log.
impl fmt::Debug for TeamList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, slugs, members } = self;
        let members = members.len();
        f.debug_struct("TeamList").field("day", day).field("slugs", slugs).field("members", &members).finish()
    }
}

impl TeamList {
    /// Nobody yet.
    pub fn of(day: NaiveDate) -> Self {
        Self { day, slugs: BTreeMap::new(), members: Vec::new() }
    }
}

/// The rows of a `user-teams` report.
impl Fold for TeamList {
    type Row<'de> = UserTeam<'de>;

    fn begin(&self) -> Self {
        Self::of(self.day)
    }

    fn row(&mut self, row: UserTeam<'_>) -> Result<(), &'static str> {
        if row.day.is_some_and(|day| day != self.day) {
            return Err("a record is of another day");
        }
        self.members.push((row.user_id, row.team_id));
        let named = self.slugs.entry(row.team_id).or_default();
        if let Some(slug) = row.slug.filter(|_| named.is_empty()) {
            slug.as_ref().clone_into(named);
        }
        Ok(())
    }
}

/// The teams of several days.
#[derive(Clone, Debug, Default)]
pub struct Memberships {
    /// By user, then team.
    pub(super) entries: Vec<Membership>,
    /// People by team, for every day that was read.
    seated: BTreeMap<NaiveDate, BTreeMap<u64, i64>>,
}

/// Somebody in a team: on which days.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) user: u64,
    pub(super) team: u64,
    pub(super) days: u64,
}

/// Who it is does not stand in any log.
impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").finish_non_exhaustive()
    }
}

impl Memberships {
    /// Takes in the list of one day.
    pub fn add(&mut self, list: TeamList) {
        let TeamList { day, mut members, .. } = list;
        members.sort_unstable();
        members.dedup();
        let seated = self.seated.entry(day).or_default();
        for (_, team) in &members {
            *seated.entry(*team).or_default() += 1;
        }
        let days = bit(day);
        let new = members.into_iter().map(|(user, team)| Membership { user, team, days });
        self.entries = union(std::mem::take(&mut self.entries), new);
    }

    /// How many people each listed team had on that day; nothing if that day's list was not read.
    pub fn seated(&self, day: NaiveDate) -> Option<&BTreeMap<u64, i64>> {
        self.seated.get(&day)
    }

    /// The teams that somebody was in on that day: the place of the entry, and the team.
    pub(super) fn of(&self, user: u64, day: NaiveDate) -> impl Iterator<Item = (usize, u64)> + Clone {
        let first = self.entries.partition_point(|entry| entry.user < user);
        let own = self.entries[first..].iter().take_while(move |entry| entry.user == user);
        let listed = own.enumerate().filter(move |(_, entry)| entry.days & bit(day) != 0);
        listed.map(move |(index, entry)| (first + index, entry.team))
    }
}

/// Two sorted lists as one, the days of the same pair put together. Pairs without a day are left out.
pub(super) fn union(old: Vec<Membership>, new: impl Iterator<Item = Membership>) -> Vec<Membership> {
    let pair = |entry: &Membership| (entry.user, entry.team);
    let mut all: Vec<Membership> = Vec::with_capacity(old.len());
    let (mut old, mut new) = (old.into_iter().peekable(), new.peekable());
    loop {
        let next = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) if pair(a) <= pair(b) => old.next(),
            (Some(_), None) => old.next(),
            _ => new.next(),
        };
        let Some(next) = next.filter(|next| next.days != 0) else {
            if old.peek().is_none() && new.peek().is_none() {
                return all;
            }
            continue;
        };
        match all.last_mut() {
            Some(last) if pair(last) == pair(&next) => last.days |= next.days,
            _ => all.push(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn list(day: &str, members: &[(u64, u64)]) -> TeamList {
        let mut list = TeamList::of(day.parse().unwrap());
        for (user, team) in members {
            let json = format!(r#"{{"day":"{day}","user_id":{user},"team_id":"{team}","slug":"t{team}"}}"#);
            list.row(serde_json::from_str(&json).unwrap()).unwrap();
        }
        list
    }

    fn teams(memberships: &Memberships, user: u64, day: &str) -> Vec<u64> {
        memberships.of(user, day.parse().unwrap()).map(|(_, team)| team).collect()
    }

    #[test]
    fn everybody_is_in_the_teams_of_the_day_and_counted_once() {
        let mut memberships = Memberships::default();
        memberships.add(list("2026-11-17", &[(2, 9), (1, 9), (1, 7), (1, 9)]));
        memberships.add(list("2026-11-16", &[(1, 9), (3, 8)]));
        assert_eq!(teams(&memberships, 1, "2026-11-17"), [7, 9]);
        assert_eq!(teams(&memberships, 1, "2026-11-16"), [9]);
        assert_eq!(teams(&memberships, 3, "2026-11-17"), [] as [u64; 0]);
        assert_eq!(teams(&memberships, 4, "2026-11-17"), [] as [u64; 0]);
        let seated = |day: &str| memberships.seated(day.parse().unwrap()).cloned();
        assert_eq!(seated("2026-11-17"), Some([(7, 1), (9, 2)].into()));
        assert_eq!(seated("2026-11-15"), None);
    }

    #[test]
    fn a_list_of_another_day_is_refused() {
        let mut list = TeamList::of("2026-11-17".parse().unwrap());
        let row = r#"{"day":"2026-11-16","user_id":1,"team_id":2}"#;
        assert!(list.row(serde_json::from_str(row).unwrap()).is_err());
    }

    #[test]
    fn a_team_has_a_name_if_any_of_its_rows_has() {
        let (none, null, empty, red) = ("", r#","slug":null"#, r#","slug":"""#, r#","slug":"red""#);
        for (slugs, expected) in [
            (&[none, null][..], ""),
            (&[none, red, null], "red"),
            (&[empty, red], "red"),
            (&[red, r#","slug":"blue""#, r#","slug":"green""#], "red"),
        ] {
            let mut list = TeamList::of("2026-11-17".parse().unwrap());
            for slug in slugs {
                let json = format!(r#"{{"user_id":1,"team_id":9{slug}}}"#);
                list.row(serde_json::from_str(&json).unwrap()).unwrap();
            }
            assert_eq!(list.slugs, [(9, expected.to_owned())].into(), "{slugs:?}");
        }
    }

    #[test]
    fn nobody_is_named_where_it_is_printed() {
        let list = list("2026-11-17", &[(123_456, 9)]);
        assert_eq!(format!("{list:?}"), r#"TeamList { day: 2026-11-17, slugs: {9: "t9"}, members: 1 }"#);
        let membership = Membership { user: 123_456, team: 9, days: 1 };
        assert_eq!(format!("{membership:?}"), "Membership { .. }");
    }

    /// Pairs, each once and in order, and the days of each.
    fn entries() -> impl Strategy<Value = BTreeMap<(u64, u64), u64>> {
        prop::collection::btree_map(
            (0..3u64, 0..3u64),
            prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
            0..6,
        )
    }

    fn list_of(entries: &BTreeMap<(u64, u64), u64>) -> Vec<Membership> {
        entries.iter().map(|(&(user, team), &days)| Membership { user, team, days }).collect()
    }

    proptest! {
        #[test]
        fn two_lists_become_one_with_the_days_of_both_and_no_pair_without_any(a in entries(), b in entries()) {
            let mut both = a.clone();
            for (pair, days) in &b {
                *both.entry(*pair).or_default() |= days;
            }
            both.retain(|_, days| *days != 0);
            prop_assert_eq!(union(list_of(&a), list_of(&b).into_iter()), list_of(&both));
        }

        #[test]
        fn the_order_in_which_days_are_added_has_no_part_in_who_is_in_which_team(
            lists in prop::collection::btree_map(10..20u64, prop::collection::vec((0..4u64, 0..4u64), 0..8), 0..6),
            backwards in any::<bool>(),
        ) {
            let mut days: Vec<_> = lists.iter().map(|(day, members)| (format!("2026-11-{day}"), members)).collect();
            if backwards {
                days.reverse();
            }
            let mut memberships = Memberships::default();
            days.iter().for_each(|(day, members)| memberships.add(list(day, members)));
            for (day, members) in &days {
                let pairs: BTreeSet<_> = members.iter().copied().collect();
                for user in 0..4 {
                    let own: Vec<_> = pairs.iter().filter(|pair| pair.0 == user).map(|pair| pair.1).collect();
                    prop_assert_eq!(teams(&memberships, user, day), own);
                }
                let mut seated: BTreeMap<u64, i64> = BTreeMap::new();
                pairs.iter().for_each(|(_, team)| *seated.entry(*team).or_default() += 1);
                prop_assert_eq!(memberships.seated(day.parse().unwrap()), Some(&seated));
            }
        }
    }
}
