//! How many people used what: on a day, in the week and in the four weeks up to it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::deeds::{Deed, Feature};
use super::signals::Signals;
use super::users::Used;

/// The days over which monthly users are counted.
pub(super) const MONTH: u32 = 28;
const WEEK: u32 = 7;

/// Something that a person did or did not on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Active,
    Chat,
    Agent,
    Cli,
    App,
    AgentsWindow,
    CloudAgent,
    ActiveReview,
    PassiveReview,
    Completion,
    AgentEdit,
}

/// How many kinds of marks there are.
const MARKS: usize = Mark::AgentEdit as usize + 1;

/// The numbers of people in a record: name, mark and days.
const COUNTED: [(&str, Mark, u32); 23] = [
    ("daily_active_users", Mark::Active, 1),
    ("weekly_active_users", Mark::Active, WEEK),
    ("monthly_active_users", Mark::Active, MONTH),
    ("monthly_active_chat_users", Mark::Chat, MONTH),
    ("monthly_active_agent_users", Mark::Agent, MONTH),
    ("daily_active_cli_users", Mark::Cli, 1),
    ("weekly_active_cli_users", Mark::Cli, WEEK),
    ("monthly_active_cli_users", Mark::Cli, MONTH),
    ("daily_active_copilot_app_users", Mark::App, 1),
    ("weekly_active_copilot_app_users", Mark::App, WEEK),
    ("monthly_active_copilot_app_users", Mark::App, MONTH),
    ("daily_active_vscode_agent_users", Mark::AgentsWindow, 1),
    ("weekly_active_vscode_agent_users", Mark::AgentsWindow, WEEK),
    ("monthly_active_vscode_agent_users", Mark::AgentsWindow, MONTH),
    ("daily_active_copilot_cloud_agent_users", Mark::CloudAgent, 1),
    ("weekly_active_copilot_cloud_agent_users", Mark::CloudAgent, WEEK),
    ("monthly_active_copilot_cloud_agent_users", Mark::CloudAgent, MONTH),
    ("daily_active_copilot_code_review_users", Mark::ActiveReview, 1),
    ("weekly_active_copilot_code_review_users", Mark::ActiveReview, WEEK),
    ("monthly_active_copilot_code_review_users", Mark::ActiveReview, MONTH),
    ("daily_passive_copilot_code_review_users", Mark::PassiveReview, 1),
    ("weekly_passive_copilot_code_review_users", Mark::PassiveReview, WEEK),
    ("monthly_passive_copilot_code_review_users", Mark::PassiveReview, MONTH),
];

/// The features of a 28-day report that people can be engaged with. Of the names only the first is known
/// from GitHub.
const ENGAGING: [(&str, Mark); 7] = [
    ("code_completion", Mark::Completion),
    ("agent_edit", Mark::AgentEdit),
    ("copilot_code_review_passive", Mark::PassiveReview),
    ("copilot_code_review_active", Mark::ActiveReview),
    ("copilot_cloud_agent", Mark::CloudAgent),
    ("copilot_cli", Mark::Cli),
    ("copilot_app", Mark::App),
];

/// The days on which one person did something, one bit each.
#[derive(Default)]
pub(super) struct Marks([u64; MARKS]);

/// The people of a day, of its week and of its month.
#[derive(Debug, Default)]
pub(super) struct Audience([u64; COUNTED.len()]);

/// How many people use a feature more than once in four weeks.
#[derive(Debug, Default, Serialize)]
pub(super) struct Engagement {
    active_user_count: u64,
    #[serde(serialize_with = "features", rename = "totals_by_feature")]
    engaged: [u64; ENGAGING.len()],
}

#[derive(Serialize)]
struct Engaged {
    feature: &'static str,
    engaged_user_count: u64,
}

impl Marks {
    /// Notes what somebody did on the day of that index: what they `told`, and what the service saw.
    pub(super) fn note(&mut self, index: u32, told: &[Deed], signals: &Signals) {
        let used = Used::of(told, signals);
        let does = |feature| told.iter().any(|deed| deed.feature == feature);
        for (mark, is_so) in [
            (Mark::Active, true),
            (Mark::Chat, used.chat),
            (Mark::Agent, used.agent),
            (Mark::Cli, used.cli),
            (Mark::App, used.copilot_app),
            (Mark::AgentsWindow, used.vscode_agent),
            (Mark::CloudAgent, used.cloud_agent),
            (Mark::ActiveReview, used.review_active),
            (Mark::PassiveReview, used.review_passive),
            (Mark::Completion, does(Feature::CodeCompletion)),
            (Mark::AgentEdit, does(Feature::AgentEdit)),
        ] {
            self.0[mark as usize] |= u64::from(is_so) << index;
        }
    }

    /// Whether the person is one of those with `mark` in the `days` days up to the one of that index. Who
    /// has reviews both asked for and not is one of those who ask.
    fn has(&self, mark: Mark, index: u32, days: u32) -> bool {
        let any = |mark: Mark| is_any(self.0[mark as usize], index, days);
        any(mark) && !(mark == Mark::PassiveReview && any(Mark::ActiveReview))
    }

    /// Whether the person is an active user of the four weeks up to the day of that index.
    pub(super) fn is_active(&self, index: u32) -> bool {
        self.has(Mark::Active, index, MONTH)
    }
}

impl Audience {
    /// Counts somebody in, on the day of that index.
    pub(super) fn count(&mut self, marks: &Marks, index: u32) {
        for ((_, mark, days), count) in COUNTED.iter().zip(&mut self.0) {
            *count += u64::from(marks.has(*mark, index, *days));
        }
    }
}

impl Engagement {
    /// Counts somebody in, over the four weeks up to the day of that index.
    pub(super) fn count(&mut self, marks: &Marks, index: u32) {
        self.active_user_count += u64::from(marks.is_active(index));
        for ((_, mark), count) in ENGAGING.iter().zip(&mut self.engaged) {
            *count += u64::from((marks.0[*mark as usize] & window(index, MONTH)).count_ones() >= 2);
        }
    }
}

/// The command line is left out where nobody used it.
impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for ((name, mark, _), count) in COUNTED.iter().zip(self.0) {
            if *mark != Mark::Cli || count > 0 {
                map.serialize_entry(name, &count)?;
            }
        }
        map.end()
    }
}

fn features<S: Serializer>(engaged: &[u64; ENGAGING.len()], serializer: S) -> Result<S::Ok, S::Error> {
    let row = |((feature, _), count): (&(&'static str, Mark), &u64)| Engaged {
        feature,
        engaged_user_count: *count,
    };
    serializer.collect_seq(ENGAGING.iter().zip(engaged).map(row))
}

/// The bits of the `days` days up to the one of that index.
fn window(index: u32, days: u32) -> u64 {
    ((1 << days) - 1) << (index + 1 - days)
}

fn is_any(marks: u64, index: u32, days: u32) -> bool {
    marks & window(index, days) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_with_its_day() {
        for (marked, index, days, expected) in [
            (30, 30, 1, true),
            (29, 30, 1, false),
            (24, 30, 7, true),
            (23, 30, 7, false),
            (31, 30, 28, false),
            (0, 27, 28, true),
            (54, 54, 28, true),
        ] {
            assert_eq!(is_any(1 << marked, index, days), expected, "{marked} in {days} up to {index}");
        }
    }
}
