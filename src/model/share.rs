//! One person's day as it is added to the figures of everybody and of each team.

use super::{
    detail::Counters,
    fold::OpenLabel,
    label::UNKNOWN,
    names::Names,
    table::Weight,
    tally::{Cell, Cells},
    usage::{COMPLETIONS, Counts, add, is_chat},
};
use crate::github::reports::{Element, Name, Terminal, UserDay};

/// The editor of somebody who used several on a day: GitHub does not tell what was done in which.
const MULTIPLE: &str = "multiple";

/// Parts of a credit that are counted whole, so that sums do not depend on the order of their parts.
pub(super) const CREDIT_PARTS: f64 = 1e9;

/// What is wanted of people's days beside completions and chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// How rows share people, and who used what: of days that can be shown.
    pub(super) shown: bool,
    /// What was done with what, for teams.
    pub(super) detail: bool,
}

/// One person's day. Its room is used again for the next person's.
#[derive(Debug, Default)]
pub(super) struct Share {
    wanted: Wanted,
    /// Suggestions, acceptances, lines suggested and accepted, chat turns and acceptances, whether they chatted.
    pub(super) totals: [Option<i64>; 7],
    pub(super) completions: Cells<2, 5>,
    used: UsedShare,
    detail: DetailShare,
    /// Of a day that is not shown, how much there is of each name in the detail.
    pub(super) ranks: Vec<(OpenLabel, u32, Weight)>,
}

/// What somebody used.
#[derive(Debug, Default)]
pub(super) struct UsedShare {
    /// In parts of [`CREDIT_PARTS`].
    pub(super) credits: Option<i64>,
    pub(super) features: Cells<1, 1>,
    pub(super) editors: Cells<1, 1>,
}

/// What somebody did with what.
#[derive(Debug, Default)]
pub(super) struct DetailShare {
    /// Prompts, lines added, lines deleted, of all features.
    pub(super) sums: [Option<i64>; 3],
    /// Sessions, requests, prompts, tokens read and written on the command line.
    pub(super) cli: Option<[Option<i64>; 5]>,
    pub(super) features: Cells<1, 6>,
    pub(super) editors: Cells<1, 6>,
    pub(super) languages: Cells<2, 6>,
    pub(super) models: Cells<2, 6>,
}

type Elements<'a> = Option<Vec<Element<Name<'a>>>>;

impl Share {
    /// Takes the place of whoever was here before.
    pub(super) fn fill(&mut self, row: &UserDay<'_>, names: &mut Names, wanted: Wanted) {
        self.wanted = wanted;
        let features = || row.totals_by_feature.iter().flatten();
        let mut completed = Counts::ZERO;
        features().filter(|element| is_completion(element)).for_each(|e| completed.add(&Counts::of(e)));
        let (mut turns, mut accepted, mut chatted) = (Some(0), Some(0), Some(0));
        for chat in features().filter(|element| is_chat(feature(element))) {
            add(&mut turns, chat.user_initiated_interaction_count);
            add(&mut accepted, chat.code_acceptance_activity_count);
            chatted = either(chatted, is_any(chat.user_initiated_interaction_count));
        }
        let Counts { suggestions, acceptances, lines_suggested, lines_accepted, .. } = completed;
        self.totals = [suggestions, acceptances, lines_suggested, lines_accepted, turns, accepted, chatted];
        complete(&mut self.completions, row, &completed, names);
        self.ranks.clear();
        if wanted.shown {
            self.completions.note_people(|parts| parts[4]);
            self.used.fill(row, names);
            if wanted.detail {
                self.detail.fill(row, names);
            }
        } else if wanted.detail {
            rank(&mut self.ranks, row, names);
        }
    }

    /// What they used, if that is wanted.
    pub(super) fn used(&self) -> Option<&UsedShare> {
        self.wanted.shown.then_some(&self.used)
    }

    /// What they did with what, if that is wanted.
    pub(super) fn detail(&self) -> Option<&DetailShare> {
        (self.wanted.shown && self.wanted.detail).then_some(&self.detail)
    }
}

impl UsedShare {
    fn fill(&mut self, row: &UserDay<'_>, names: &mut Names) {
        self.credits = row.ai_credits_used.and_then(parts_of_credits);
        self.features.clear();
        for element in row.totals_by_feature.iter().flatten() {
            let used = Counters::of(element).parts().into_iter().map(is_any).reduce(either).flatten();
            let users = self.features.cell([id(&element.feature, names)], [Some(0)]);
            users[0] = either(users[0], used);
        }
        self.features.drop_zeros();
        self.editors.clear();
        for element in row.totals_by_ide.iter().flatten() {
            // To be listed is to have been there.
            self.editors.cell([id(&element.ide, names)], [Some(1)]);
        }
        self.features.note_people(|parts| parts[0]);
        self.editors.note_people(|parts| parts[0]);
    }
}

impl DetailShare {
    fn fill(&mut self, row: &UserDay<'_>, names: &mut Names) {
        self.sums = [row.user_initiated_interaction_count, row.loc_added_sum, row.loc_deleted_sum];
        self.cli = row.totals_by_cli.as_ref().map(cli_parts);
        count(&mut self.features, &row.totals_by_feature, |e| [id(&e.feature, names)]);
        count(&mut self.editors, &row.totals_by_ide, |e| [id(&e.ide, names)]);
        let languages = &row.totals_by_language_feature;
        count(&mut self.languages, languages, |e| [id(&e.language, names), id(&e.feature, names)]);
        let models = &row.totals_by_model_feature;
        count(&mut self.models, models, |e| [id(&e.model, names), id(&e.feature, names)]);
    }
}

/// How much there is of each name in the detail of somebody's day, as [`Detail`](super::detail::Detail) weighs it.
fn rank(ranks: &mut Vec<(OpenLabel, u32, Weight)>, row: &UserDay<'_>, names: &mut Names) {
    let weight = |element: &Element<Name<'_>>| Counters::of(element).weight(feature(element));
    for element in row.totals_by_feature.iter().flatten() {
        ranks.push((OpenLabel::Feature, id(&element.feature, names), weight(element)));
    }
    for element in row.totals_by_ide.iter().flatten() {
        ranks.push((OpenLabel::Editor, id(&element.ide, names), weight(element)));
    }
    for element in row.totals_by_language_feature.iter().flatten().filter(|e| !is_completion(e)) {
        ranks.push((OpenLabel::Language, id(&element.language, names), weight(element)));
    }
    for element in row.totals_by_model_feature.iter().flatten() {
        ranks.push((OpenLabel::Model, id(&element.model, names), weight(element)));
    }
}

/// All elements of a list, by the names they have.
fn count<const L: usize>(
    cells: &mut Cells<L, 6>,
    elements: &Elements<'_>,
    mut cell: impl FnMut(&Element<Name<'_>>) -> Cell<L>,
) {
    cells.clear();
    for element in elements.iter().flatten() {
        let sums = cells.cell(cell(element), [Some(0); 6]);
        for (sum, part) in sums.iter_mut().zip(Counters::of(element).parts()) {
            add(sum, part);
        }
    }
}

/// The parts of [`DetailShare::cli`].
pub(super) fn cli_parts(cli: &Terminal) -> [Option<i64>; 5] {
    let tokens = cli.token_usage.unwrap_or_default();
    let Terminal { session_count, request_count, prompt_count, .. } = *cli;
    [session_count, request_count, prompt_count, tokens.prompt_tokens_sum, tokens.output_tokens_sum]
}

fn id(name: &Option<Name<'_>>, names: &mut Names) -> u32 {
    names.id(name.as_ref().map(AsRef::as_ref))
}

fn feature<'e>(element: &'e Element<Name<'_>>) -> &'e str {
    element.feature.as_ref().map_or("", AsRef::as_ref)
}

fn is_completion(element: &Element<Name<'_>>) -> bool {
    feature(element) == COMPLETIONS
}

/// Credits in whole parts; nothing for a number that is beyond every bill.
#[allow(clippy::cast_possible_truncation, reason = "it was compared with what fits")]
fn parts_of_credits(credits: f64) -> Option<i64> {
    let parts = (credits * CREDIT_PARTS).round();
    (parts.abs() < i64::MAX as f64).then_some(parts as i64)
}

/// The completions of one person by language, in their editor. What there is beyond the languages is of an unknown one.
fn complete(cells: &mut Cells<2, 5>, row: &UserDay<'_>, completed: &Counts, names: &mut Names) {
    cells.clear();
    let editor = editor(row, names);
    let mut put = |language: u32, counts: &Counts| {
        let sum = cells.cell([language, editor], Counts::ZERO.parts());
        let active_users = either(sum[4], counts.active_users);
        sum.iter_mut().zip(counts.parts()).for_each(|(sum, part)| add(sum, part));
        sum[4] = active_users;
    };
    let mut named = Counts::ZERO;
    for element in row.totals_by_language_feature.iter().flatten().filter(|e| is_completion(e)) {
        let counts = Counts::of(element);
        named.add(&counts);
        put(id(&element.language, names), &counts);
    }
    put(names.id(None), &completed.beyond(&named));
    cells.drop_zeros();
}

/// One who did something of which there are so many; none for zero.
fn is_any(count: Option<i64>) -> Option<i64> {
    count.map(|count| i64::from(count > 0))
}

/// One who did this or that: where either is known to be so, the other need not be known.
fn either(this: Option<i64>, that: Option<i64>) -> Option<i64> {
    if this == Some(1) || that == Some(1) { Some(1) } else { this.zip(that).map(|_| 0) }
}

/// The one editor in which somebody did anything, or a word for several or none.
fn editor(row: &UserDay<'_>, names: &mut Names) -> u32 {
    let used = |element: &&Element<Name<'_>>| element.code_generation_activity_count > Some(0);
    let mut one = None;
    for element in row.totals_by_ide.iter().flatten().filter(used) {
        let editor = id(&element.ide, names);
        if one.is_some_and(|one| one != editor) {
            return names.id(Some(MULTIPLE));
        }
        one = Some(editor);
    }
    one.unwrap_or_else(|| names.id(Some(UNKNOWN)))
}

impl From<[Option<i64>; 5]> for Counts {
    fn from(parts: [Option<i64>; 5]) -> Self {
        Self::of_parts(parts)
    }
}

impl From<Counts> for [Option<i64>; 5] {
    fn from(counts: Counts) -> Self {
        counts.parts()
    }
}

impl Counts {
    fn parts(&self) -> [Option<i64>; 5] {
        [self.suggestions, self.acceptances, self.lines_suggested, self.lines_accepted, self.active_users]
    }

    pub(super) fn of_parts(parts: [Option<i64>; 5]) -> Self {
        let [suggestions, acceptances, lines_suggested, lines_accepted, active_users] = parts;
        Self { suggestions, acceptances, lines_suggested, lines_accepted, active_users }
    }

    /// Nothing, of nobody.
    const ZERO: Self = Self {
        suggestions: Some(0),
        acceptances: Some(0),
        lines_suggested: Some(0),
        lines_accepted: Some(0),
        active_users: Some(0),
    };

    fn of(element: &Element<Name<'_>>) -> Self {
        Self {
            suggestions: element.code_generation_activity_count,
            acceptances: element.code_acceptance_activity_count,
            lines_suggested: element.loc_suggested_to_add_sum,
            lines_accepted: element.loc_added_sum,
            active_users: is_any(element.code_generation_activity_count),
        }
    }

    /// What there is more of than in `part`; nothing of what is unknown.
    fn beyond(&self, part: &Self) -> Self {
        let more = |whole: Option<i64>, part: Option<i64>| {
            whole
                .zip(part)
                .and_then(|(whole, part)| whole.checked_sub(part))
                .map_or(Some(0), |more| Some(more.max(0)))
        };
        let suggestions = more(self.suggestions, part.suggestions);
        Self {
            suggestions,
            acceptances: more(self.acceptances, part.acceptances),
            lines_suggested: more(self.lines_suggested, part.lines_suggested),
            lines_accepted: more(self.lines_accepted, part.lines_accepted),
            active_users: is_any(suggestions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_counted_in_billionths_and_none_are_known_beyond_every_bill() {
        for (credits, parts) in [
            (0.0, Some(0)),
            (0.1 + 0.2, Some(300_000_000)),
            (-1.5, Some(-1_500_000_000)),
            (i64::MAX as f64 / CREDIT_PARTS, None),
            (i64::MIN as f64 / CREDIT_PARTS, None),
            (f64::INFINITY, None),
            (f64::NAN, None),
        ] {
            assert_eq!(parts_of_credits(credits), parts, "{credits}");
        }
    }
}
