//! What a person did with Copilot on a day, in the full cross of feature, language, editor and model.
//!
//! This is the one source of every number the simulator serves: the endpoints are views of it. It
//! depends on the person and the day alone, never on the clock, the endpoint or the order of calls.

use chrono::NaiveDate;
use fastrand::Rng;

use super::calendar;
use super::dice::{self, chance, mix};
use super::habits::Habits;
use super::stack::Editor;
use super::world::Person;

/// A Copilot feature, in the vocabulary of the live API's `feature` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Suggestions while typing. Nobody asks for them, so they have no interactions.
    CodeCompletion,
    /// Chat inside the text.
    ChatInline,
    /// Questions in the chat panel.
    ChatPanelAskMode,
    /// Edits asked for in the chat panel.
    ChatPanelEditMode,
    /// Planning in the chat panel.
    ChatPanelPlanMode,
    /// Prompts that start an agent in the chat panel.
    ChatPanelAgentMode,
    /// What the agent then writes: neither prompts nor acceptances, and nothing is suggested first.
    AgentEdit,
    /// The command line, which is no editor.
    CopilotCli,
    /// The app, which is no editor either.
    CopilotApp,
}

impl Feature {
    /// The value of the `feature` field.
    pub fn name(self) -> &'static str {
        match self {
            Feature::CodeCompletion => "code_completion",
            Feature::ChatInline => "chat_inline",
            Feature::ChatPanelAskMode => "chat_panel_ask_mode",
            Feature::ChatPanelEditMode => "chat_panel_edit_mode",
            Feature::ChatPanelPlanMode => "chat_panel_plan_mode",
            Feature::ChatPanelAgentMode => "chat_panel_agent_mode",
            Feature::AgentEdit => "agent_edit",
            Feature::CopilotCli => "copilot_cli",
            Feature::CopilotApp => "copilot_app",
        }
    }

    /// Whether this is chat in an editor: `chat_inline` and every `chat_panel_…`.
    pub fn is_chat(self) -> bool {
        use Feature::{AgentEdit, CodeCompletion, CopilotApp, CopilotCli};
        !matches!(self, CodeCompletion | AgentEdit | CopilotCli | CopilotApp)
    }
}

/// What one person did on one day with one feature, language, editor and model. A person has at most
/// one deed for each such combination and day, and never one without a single number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What was used.
    pub feature: Feature,
    /// The language as the editor spells it; absent where the client did not tell.
    pub language: Option<&'static str>,
    /// The editor; absent on the command line and in the app.
    pub editor: Option<Editor>,
    /// The model; absent for completions.
    pub model: Option<&'static str>,
    /// Prompts sent (`user_initiated_interaction_count`).
    pub interactions: u64,
    /// Outputs produced (`code_generation_activity_count`); for completions, how many were shown.
    pub generations: u64,
    /// Outputs accepted (`code_acceptance_activity_count`), at most `generations`.
    pub acceptances: u64,
    /// Lines proposed (`loc_suggested_to_add_sum`).
    pub lines_suggested: u64,
    /// Lines proposed for deletion (`loc_suggested_to_delete_sum`): 0, as GitHub reports so far.
    pub lines_suggested_to_delete: u64,
    /// Lines that entered the editor (`loc_added_sum`); of completions, those of accepted ones.
    pub lines_added: u64,
    /// Lines removed (`loc_deleted_sum`), by agents only.
    pub lines_deleted: u64,
}

/// What `person` did on `day`; nothing without a licence.
pub(super) fn deeds(person: &Person, day: NaiveDate) -> Vec<Deed> {
    if !person.is_licensed(day) || !person.uses.has(day) {
        return Vec::new();
    }
    let mut rng = Rng::with_seed(mix(person.dice, calendar::number(day)));
    let Some(effort) = effort(person, day, &mut rng) else { return Vec::new() };
    let mut today = Today { habits: &person.habits, effort, rng, deeds: Vec::with_capacity(16) };
    today.complete();
    today.chat();
    today.delegate();
    today.command();
    // With dice of its own: who uses the app does all else as they would without it.
    today.rng = dice::about(mix(person.dice, calendar::number(day)), "app");
    today.open_the_app();
    today.deeds
}

/// How much of a full working day's Copilot use there is, per mille; `None` on a day without any.
fn effort(person: &Person, day: NaiveDate, rng: &mut Rng) -> Option<u64> {
    let at_work = calendar::is_working_day(day)
        && person.habits.works_on(day)
        && !calendar::is_on_holiday(person.dice, day);
    let (present, usual) = if at_work { (940, rng.u64(300..=1500)) } else { (30, rng.u64(100..=400)) };
    chance(rng, present).then(|| usual * practice(person, day) / 1000)
}

/// New users warm up over their first two months: from 400 to 1000 per mille.
fn practice(person: &Person, day: NaiveDate) -> u64 {
    let days = (day - person.licence.from).num_days().clamp(0, 60);
    400 + 10 * days.unsigned_abs()
}

/// One person's day in the making.
struct Today<'p> {
    habits: &'p Habits,
    /// Per mille of a full working day.
    effort: u64,
    rng: Rng,
    deeds: Vec<Deed>,
}

impl Today<'_> {
    /// Completions: in the main editor, on some days in the second one too.
    fn complete(&mut self) {
        let shown = self.habits.completions * self.effort / 1000;
        for (index, editor) in self.habits.editors.iter().enumerate() {
            let share = if index == 0 { 1000 } else { 350 };
            if index == 0 || chance(&mut self.rng, 400) {
                self.complete_in(*editor, shown * share / 1000);
            }
        }
    }

    fn complete_in(&mut self, editor: Editor, shown: u64) {
        for (language, weight) in &self.habits.languages {
            let generations = self.rng.u64(0..=2 * shown * weight / 1000);
            if generations > 0 {
                let language = Some(editor.spelling(language));
                let taken = generations * self.habits.acceptance / 1000 + self.rng.u64(0..=1);
                let output = Output::of(&mut self.rng, generations, taken, 1);
                self.deeds.push(output.by(Feature::CodeCompletion, language, Some(editor), None, 0));
            }
        }
    }

    /// Chat in the main editor, with several features on a good day.
    fn chat(&mut self) {
        const FEATURES: [(Feature, u64); 4] = [
            (Feature::ChatInline, 350),
            (Feature::ChatPanelAskMode, 800),
            (Feature::ChatPanelEditMode, 200),
            (Feature::ChatPanelPlanMode, 80),
        ];
        if !chance(&mut self.rng, self.habits.chat) {
            return;
        }
        for (feature, permille) in FEATURES {
            if chance(&mut self.rng, permille) {
                self.talk(feature, 8);
            }
        }
    }

    /// Up to about `most` prompts with one chat feature.
    fn talk(&mut self, feature: Feature, most: u64) {
        let prompts = 1 + self.rng.u64(0..=most * self.effort / 1000);
        let blocks = self.rng.u64(0..=prompts * 2);
        let taken = self.rng.u64(0..=blocks / 2);
        let output = Output::of(&mut self.rng, blocks, taken, 8);
        let editor = self.habits.editors[0];
        // In the panel the client often does not know which language the talk is about.
        let told = feature == Feature::ChatInline || chance(&mut self.rng, 500);
        let language = told.then(|| editor.spelling(self.habits.languages[0].0));
        let model = self.model();
        self.deeds.push(output.by(feature, language, Some(editor), Some(model), prompts));
    }

    /// Agent mode: prompts in the panel, and the edits the agent makes of them.
    fn delegate(&mut self) {
        if !chance(&mut self.rng, self.habits.agent) {
            return;
        }
        self.talk(Feature::ChatPanelAgentMode, 12);
        let editor = self.habits.editors[0];
        let model = self.model();
        for (language, _) in self.habits.languages.iter().take(2) {
            let edits = self.rng.u64(0..=20 * self.effort / 1000);
            if edits > 0 {
                let language = Some(editor.spelling(language));
                let output = Output::written(&mut self.rng, edits);
                self.deeds.push(output.by(Feature::AgentEdit, language, Some(editor), Some(model), 0));
            }
        }
    }

    /// The command line.
    fn command(&mut self) {
        if chance(&mut self.rng, self.habits.cli) {
            self.write_without_an_editor(Feature::CopilotCli);
        }
    }

    /// The app.
    fn open_the_app(&mut self) {
        if chance(&mut self.rng, self.habits.app) {
            self.write_without_an_editor(Feature::CopilotApp);
        }
    }

    fn write_without_an_editor(&mut self, feature: Feature) {
        let prompts = 1 + self.rng.u64(0..=10 * self.effort / 1000);
        let edits = self.rng.u64(0..=prompts * 3);
        let output = Output::written(&mut self.rng, edits);
        let (language, model) = (self.habits.languages[0].0, self.model());
        self.deeds.push(output.by(feature, Some(language), None, Some(model), prompts));
    }

    fn model(&mut self) -> &'static str {
        self.habits.models[self.rng.usize(..self.habits.models.len())]
    }
}

/// The numbers of a deed that are about code.
struct Output {
    generations: u64,
    acceptances: u64,
    lines_suggested: u64,
    lines_added: u64,
    lines_deleted: u64,
}

impl Output {
    /// Proposals of one line and on average `further` more, of which some are taken:
    /// every proposal has a line, every one taken adds a line, and no more is added than was proposed.
    fn of(rng: &mut Rng, generations: u64, taken: u64, further: u64) -> Self {
        let acceptances = taken.min(generations);
        let extra = rng.u64(0..=generations * 2 * further);
        let extra_taken = (extra * acceptances).checked_div(generations).unwrap_or(0);
        let (lines_suggested, lines_added) = (generations + extra, acceptances + extra_taken);
        Self { generations, acceptances, lines_suggested, lines_added, lines_deleted: 0 }
    }

    /// Edits made without asking: nothing is suggested or accepted, lines come and go.
    fn written(rng: &mut Rng, generations: u64) -> Self {
        let lines_added = rng.u64(generations..=generations * 14);
        let lines_deleted = rng.u64(0..=lines_added / 3);
        Self { generations, acceptances: 0, lines_suggested: 0, lines_added, lines_deleted }
    }

    fn by(
        self,
        feature: Feature,
        language: Option<&'static str>,
        editor: Option<Editor>,
        model: Option<&'static str>,
        interactions: u64,
    ) -> Deed {
        Deed {
            feature,
            language,
            editor,
            model,
            interactions,
            generations: self.generations,
            acceptances: self.acceptances,
            lines_suggested: self.lines_suggested,
            lines_suggested_to_delete: 0,
            lines_added: self.lines_added,
            lines_deleted: self.lines_deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::simulator::calendar::shift;
    use crate::simulator::{Plan, World};

    const DEFAULT: Plan = Plan {
        orgs: 2,
        teams: 12,
        users: 180,
        seed: 1,
        start: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
    };

    #[test]
    fn a_seed_gives_the_same_numbers_on_every_machine() {
        let world = World::new(&DEFAULT);
        let day = "2026-11-18".parse().unwrap();
        let deeds = world.people().iter().flat_map(|person| world.deeds(person, day));
        let sum = deeds.fold((0, 0, 0), |sum, deed| {
            (sum.0 + deed.interactions, sum.1 + deed.generations, sum.2 + deed.lines_added)
        });
        assert_eq!(sum, (668, 7_547, 12_583), "every number of every demo and test has changed");
    }

    #[test]
    fn working_days_are_busy_and_weekends_nearly_idle() {
        let world = World::new(&DEFAULT);
        let active = |day: &str| {
            let day = day.parse().unwrap();
            world.people().iter().filter(|person| !world.deeds(person, day).is_empty()).count()
        };
        let (friday, saturday) = (active("2026-11-13"), active("2026-11-14"));
        assert!(friday > 100 && saturday < friday / 8, "{friday} on a Friday, {saturday} on a Saturday");
    }

    #[test]
    fn people_use_different_editors_languages_models_and_features() {
        let world = World::new(&DEFAULT);
        let days: Vec<_> = shift(DEFAULT.start, -28).iter_days().take(28).collect();
        let deeds: Vec<_> = days
            .iter()
            .flat_map(|day| world.people().iter().flat_map(|person| world.deeds(person, *day)))
            .collect();
        let kinds = |key: fn(&Deed) -> String| deeds.iter().map(key).collect::<HashSet<_>>().len();
        assert!(kinds(|deed| format!("{:?}", deed.editor)) >= 7);
        assert!(kinds(|deed| format!("{:?}", deed.language)) >= 20);
        assert!(kinds(|deed| format!("{:?}", deed.model)) >= 6);
        assert_eq!(kinds(|deed| deed.feature.name().to_owned()), 9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn deeds_keep_the_counting_rules(seed: u64, days_after in -400_i64..400) {
            let plan = Plan { users: 40, seed, ..DEFAULT };
            let (world, day) = (World::new(&plan), shift(plan.start, days_after));
            for person in world.people() {
                let deeds = world.deeds(person, day);
                prop_assert_eq!(&deeds, &world.deeds(person, day));
                prop_assert!(deeds.is_empty() || person.is_licensed(day));
                let crosses: HashSet<_> = deeds.iter().map(|d| (d.feature, d.language, d.editor, d.model)).collect();
                prop_assert_eq!(crosses.len(), deeds.len());
                for deed in deeds {
                    prop_assert!(keeps_the_rules(&deed), "{:?}", deed);
                }
            }
        }
    }

    fn keeps_the_rules(deed: &Deed) -> bool {
        use Feature::{AgentEdit, CodeCompletion, CopilotApp, CopilotCli};
        let sound = deed.acceptances <= deed.generations
            && deed.lines_suggested_to_delete == 0
            && deed.interactions + deed.generations > 0;
        let proposed = deed.lines_suggested >= deed.generations
            && deed.lines_suggested >= deed.lines_added
            && deed.lines_added >= deed.acceptances
            && (deed.acceptances > 0 || deed.lines_added == 0)
            && deed.lines_deleted == 0;
        let written = deed.acceptances == 0 && deed.lines_suggested == 0;
        sound
            && match deed.feature {
                CodeCompletion => {
                    proposed && deed.interactions == 0 && deed.model.is_none() && deed.editor.is_some()
                }
                AgentEdit => written && deed.interactions == 0,
                CopilotCli | CopilotApp => written && deed.interactions > 0 && deed.editor.is_none(),
                _ => proposed && deed.interactions > 0 && deed.editor.is_some() && deed.feature.is_chat(),
            }
    }
}
