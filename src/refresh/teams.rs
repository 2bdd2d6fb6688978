//! The teams of an owner as reports list them. Pure.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::NaiveDate;

use super::roster::watched;
use crate::{
    config::TeamPatterns,
    github::teams::TeamRecord,
    model::{memberships::TeamList, state::Targets},
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
    /// Takes in the list of a day.
    pub fn learn(&mut self, list: &TeamList) {
        self.newest = self.newest.max(Some(list.day));
        for (id, slug) in &list.slugs {
            let last = self.listed.get(id).map(|(last, _)| *last);
            if last <= Some(list.day) {
                self.listed.insert(*id, (list.day, slug.clone()));
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
