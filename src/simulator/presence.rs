//! When people were last seen.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fastrand::Rng;

use super::calendar::{number, shift};
use super::deeds::{self, Deed};
use super::dice::{self, mix};
use super::releases::Release;
use super::stack::Editor;
use super::world::Person;

/// How many days GitHub remembers that somebody was there.
const MEMORY: i64 = 90;

/// What is known of somebody's last visit.
#[derive(Clone, Debug)]
pub(super) struct Presence {
    /// When they last did something.
    pub(super) active_at: DateTime<Utc>,
    /// With which editor, as GitHub writes it.
    pub(super) editor: String,
    /// When they had signed in for it.
    pub(super) authenticated_at: DateTime<Utc>,
}

impl Presence {
    /// The last visit before `now`; `None` when there was none for so long that GitHub has forgotten.
    pub(super) fn of(person: &Person, now: DateTime<Utc>) -> Option<Self> {
        let today = now.date_naive();
        let visit = |back: i64| {
            let day = shift(today, -back);
            let active_at = acted_at(person, day);
            // No day is asked twice, even where the calendar ends.
            let is_over = active_at <= now && (today - day).num_days() == back;
            let deeds = if is_over { deeds::deeds(person, day) } else { Vec::new() };
            deeds.first().map(|deed| Self {
                active_at,
                editor: editor(person, deed),
                authenticated_at: signed_in_at(person, day),
            })
        };
        (0..=MEMORY).find_map(visit)
    }
}

/// The instant of the last thing that `person` does on `day`, should there be any.
pub(super) fn acted_at(person: &Person, day: NaiveDate) -> DateTime<Utc> {
    at(day, of_day(person, day, "acted").i64(9 * 3600..19 * 3600))
}

/// The instant at which `person` signs in for what they do on `day`.
fn signed_in_at(person: &Person, day: NaiveDate) -> DateTime<Utc> {
    at(day, of_day(person, day, "signed in").i64(6 * 3600..9 * 3600))
}

/// The instant so many seconds after the beginning of `day`.
pub(super) fn at(day: NaiveDate, seconds: i64) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
    midnight.checked_add_signed(TimeDelta::seconds(seconds)).unwrap_or(midnight)
}

fn of_day(person: &Person, day: NaiveDate, question: &str) -> Rng {
    dice::about(mix(person.dice, number(day)), question)
}

/// The editor of a deed with its version and its plugin's; the command line is a client, too.
fn editor(person: &Person, deed: &Deed) -> String {
    let Some(editor) = deed.editor else { return format!("copilot-cli/{}", Release::of_cli(person)) };
    let Release { editor: version, plugin, plugin_version } = Release::of(person, editor);
    format!("{}/{version}/{plugin}/{plugin_version}", client(editor))
}

/// How editors call themselves to the service, which is not how reports call them.
fn client(editor: Editor) -> &'static str {
    match editor {
        Editor::JetBrains => "JetBrains-IU",
        Editor::VisualStudio => "VisualStudio",
        other => other.ide_name(),
    }
}
