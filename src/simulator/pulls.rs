//! Pull requests added up, as records of organisations and of the enterprise show them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::signals::{Merge, PullRequests};

/// What happened to pull requests on a day.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    sum: PullRequests,
    comments: BTreeMap<&'static str, Suggested>,
}

/// What Copilot suggested, and what of it was applied.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Suggested {
    total_copilot_suggestions: u64,
    total_copilot_applied_suggestions: u64,
}

/// The object, with every field of GitHub's schema.
#[derive(Serialize)]
struct Body {
    total_created: u64,
    total_reviewed: u64,
    total_merged: usize,
    /// Missing where nothing was merged; so are the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    median_minutes_to_merge: Option<f64>,
    total_suggestions: u64,
    total_applied_suggestions: u64,
    total_created_by_copilot: u64,
    total_reviewed_by_copilot: u64,
    total_merged_created_by_copilot: usize,
    total_merged_reviewed_by_copilot: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_minutes_to_merge_copilot_authored: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_minutes_to_merge_copilot_reviewed: Option<f64>,
    #[serde(flatten)]
    suggested: Suggested,
    copilot_suggestions_by_comment_type: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    comment_type: &'static str,
    #[serde(flatten)]
    suggested: Suggested,
}

impl Pulls {
    /// Adds what somebody did.
    pub(super) fn add(&mut self, pulls: &PullRequests) {
        let sum = &mut self.sum;
        sum.created += pulls.created;
        sum.created_by_copilot += pulls.created_by_copilot;
        sum.reviewed += pulls.reviewed;
        sum.reviewed_by_copilot += pulls.reviewed_by_copilot;
        sum.merged.extend(&pulls.merged);
        sum.suggestions += pulls.suggestions;
        sum.applied_suggestions += pulls.applied_suggestions;
        for comment in &pulls.comments {
            self.comments.entry(comment.kind).or_default().add(comment.suggestions, comment.applied);
        }
    }

    fn body(&self) -> Body {
        let Self { sum, comments } = self;
        let of = |is: fn(&Merge) -> bool| sum.merged.iter().copied().filter(is).collect::<Vec<_>>();
        let (authored, reviewed) =
            (of(|merge| merge.authored_by_copilot), of(|merge| merge.reviewed_by_copilot));
        let mut suggested = Suggested::default();
        for one in comments.values() {
            suggested.add(one.total_copilot_suggestions, one.total_copilot_applied_suggestions);
        }
        Body {
            total_created: sum.created,
            total_reviewed: sum.reviewed,
            total_merged: sum.merged.len(),
            median_minutes_to_merge: median(&sum.merged),
            total_suggestions: sum.suggestions + suggested.total_copilot_suggestions,
            total_applied_suggestions: sum.applied_suggestions + suggested.total_copilot_applied_suggestions,
            total_created_by_copilot: sum.created_by_copilot,
            total_reviewed_by_copilot: sum.reviewed_by_copilot,
            total_merged_created_by_copilot: authored.len(),
            total_merged_reviewed_by_copilot: reviewed.len(),
            median_minutes_to_merge_copilot_authored: median(&authored),
            median_minutes_to_merge_copilot_reviewed: median(&reviewed),
            suggested,
            copilot_suggestions_by_comment_type: comments
                .iter()
                .map(|(comment_type, suggested)| Row { comment_type, suggested: *suggested })
                .collect(),
        }
    }
}

impl Suggested {
    fn add(&mut self, suggestions: u64, applied: u64) {
        self.total_copilot_suggestions += suggestions;
        self.total_copilot_applied_suggestions += applied;
    }
}

impl Serialize for Pulls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body().serialize(serializer)
    }
}

/// The minutes that half of the merges took at most; `None` without any.
pub(super) fn median(merged: &[Merge]) -> Option<f64> {
    let mut minutes: Vec<u64> = merged.iter().map(|merge| merge.minutes).collect();
    minutes.sort_unstable();
    let last = minutes.len().checked_sub(1)?;
    let middle = minutes[last / 2] + minutes[minutes.len() / 2];
    Some(middle as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        let merges = |minutes: &[u64]| {
            let merge = |minutes| Merge { minutes, authored_by_copilot: false, reviewed_by_copilot: false };
            minutes.iter().copied().map(merge).collect::<Vec<_>>()
        };
        for (minutes, expected) in [
            (&[][..], None),
            (&[7], Some(7.0)),
            (&[9, 4], Some(6.5)),
            (&[30, 1, 2], Some(2.0)),
            (&[4, 3, 2, 1], Some(2.5)),
        ] {
            assert_eq!(median(&merges(minutes)), expected, "{minutes:?}");
        }
    }
}
