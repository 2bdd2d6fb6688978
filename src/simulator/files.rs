//! The files of the reports: one JSON object per line, written as they are read.
//!
//! A file's path says all there is to know about it, so that it can be written again at any time and is
//! the same to the byte.

use std::io::{self, Write};
use std::ops::Range;

use chrono::NaiveDate;
use serde::Serialize;

use super::calendar::shift;
use super::edition::{Edition, Publishing};
use super::entities::{EntityDay, EntityMonth};
use super::reports::Report;
use super::user_teams;
use super::users::{Span, UserDay};
use super::world::{Entity, Kind, World};

/// The days of a 28-day report.
const MONTH: u32 = 28;

/// One of the files of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// An organisation's login or the enterprise's slug, which differ.
    pub(super) owner: String,
    pub(super) report: Report,
    /// The day of the report, or the last one.
    pub(super) day: NaiveDate,
    /// The newest day published when the report was written.
    pub(super) newest: NaiveDate,
    pub(super) part: Part,
}

/// Which part of a report, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) index: usize,
    pub(super) of: usize,
}

/// The ids in every record: strings, unlike those of people and teams.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Owner {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    enterprise_id: String,
}

impl Owner {
    fn of(world: &World, entity: &Entity) -> Self {
        let organization_id = (entity.kind == Kind::Organisation).then(|| entity.id.to_string());
        Self { organization_id, enterprise_id: world.enterprise().id.to_string() }
    }
}

impl Report {
    /// How many files it has where reports of many rows have `shards`.
    pub(super) fn parts(self, shards: usize) -> usize {
        match self {
            Self::EntityDay | Self::EntityMonth => 1,
            Self::UsersDay | Self::UserTeamsDay => shards,
            Self::UsersMonth => shards.min(MONTH as usize),
        }
    }
}

/// The first of the days of a 28-day report.
pub(super) fn span(last: NaiveDate) -> Span {
    Span { report_start_day: shift(last, 1 - i64::from(MONTH)), report_end_day: last }
}

impl File {
    /// Where it lies on the download host.
    pub(super) fn path(&self) -> String {
        let Self { owner, report, day, newest, part } = self;
        format!(
            "/files/{owner}/{}/{day}/of-{newest}/part-{:05}-of-{:05}.json",
            report.name(),
            part.index,
            part.of
        )
    }

    /// The file at a path.
    pub(super) fn at(path: &str) -> Option<Self> {
        let segments: Vec<_> = path.split('/').collect();
        let ["", "files", owner, report, day, newest, part] = segments[..] else { return None };
        let (index, of) = part.strip_prefix("part-")?.strip_suffix(".json")?.split_once("-of-")?;
        Some(Self {
            owner: owner.to_owned(),
            report: Report::named(report)?,
            day: day.parse().ok()?,
            newest: newest.strip_prefix("of-")?.parse().ok()?,
            part: Part { index: index.parse().ok()?, of: of.parse().ok()? },
        })
    }

    /// Writes it from beginning to end, one record at a time.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn write(
        &self,
        world: &World,
        publishing: Publishing,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut entities = world.orgs().iter().chain([world.enterprise()]);
        let Some(entity) = entities.find(|entity| entity.login == self.owner) else { return Ok(()) };
        let edition = publishing.edition(self.newest);
        let owner = Owner::of(world, entity);
        match self.report {
            Report::EntityDay => EntityDay::of(self.day, world, entity, &owner, &edition)
                .iter()
                .try_for_each(|record| line(out, record)),
            Report::EntityMonth => {
                line(out, &EntityMonth::of(span(self.day), world, entity, &owner, &edition))
            }
            Report::UsersDay => {
                let people = self.part.range(entity.people.len());
                users(world, &entity.people[people], &owner, None, self.day, &edition, out)
            }
            Report::UsersMonth => {
                let span = span(self.day);
                self.part.range(MONTH as usize).try_for_each(|index| {
                    let day = shift(self.day, 1 - i64::from(MONTH) + i64::try_from(index).unwrap_or(0));
                    users(world, &entity.people, &owner, Some(span), day, &edition, out)
                })
            }
            Report::UserTeamsDay => entity.teams[self.part.range(entity.teams.len())]
                .iter()
                .flat_map(|team| user_teams::rows(world, entity, team, self.day))
                .try_for_each(|row| line(out, &row)),
        }
    }
}

impl Part {
    /// The share of `total` things that are in this part.
    fn range(self, total: usize) -> Range<usize> {
        let of = self.of.max(1);
        let start = |index: usize| total * index.min(of) / of;
        start(self.index)..start(self.index + 1)
    }
}

/// The rows of these people for one day.
fn users(
    world: &World,
    people: &[usize],
    owner: &Owner,
    span: Option<Span>,
    day: NaiveDate,
    edition: &Edition,
    out: &mut impl Write,
) -> io::Result<()> {
    for person in people.iter().map(|index| &world.people()[*index]) {
        if let Some(row) = UserDay::of(owner, span, person, day, &edition.deeds(person, day)) {
            line(out, &row)?;
        }
    }
    Ok(())
}

fn line(out: &mut impl Write, record: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_found_by_its_path() {
        let file = File {
            owner: "octo-labs".into(),
            report: Report::UsersMonth,
            day: "2026-11-17".parse().unwrap(),
            newest: "2026-11-18".parse().unwrap(),
            part: Part { index: 1, of: 12 },
        };
        let path = "/files/octo-labs/users-28-day/2026-11-17/of-2026-11-18/part-00001-of-00012.json";
        assert_eq!(file.path(), path);
        assert_eq!(File::at(path), Some(file));
        for (from, to) in
            [("/files", ""), ("-28-", "-29-"), ("11-17", "11-31"), ("of-2026", "2026"), (".json", "")]
        {
            assert_eq!(File::at(&path.replace(from, to)), None, "{from}");
        }
    }

    proptest! {
        #[test]
        fn parts_cover_everything_once_and_in_order(total in 0_usize..500, of in 1_usize..40) {
            let parts = (0..of).flat_map(|index| Part { index, of }.range(total));
            prop_assert_eq!(parts.collect::<Vec<_>>(), (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn no_path_panics(path in ".*", part in "[0-9of-]{0,40}") {
            let _ = File::at(&path);
            let _ = File::at(&format!("/files/a/users-1-day/2026-11-17/of-2026-11-17/part-{part}.json"));
        }
    }
}
