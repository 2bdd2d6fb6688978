//! Which names a scope shows, and which it folds into `others`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;
use github_copilot_exporter::simulator::{Deed, Editor};

use crate::people_truth::{Scope, Truth, canonical, is_completion};

/// The name that what is folded is shown under.
const OTHERS: &str = "others";

/// A label whose names nobody knows in advance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    Language,
    Editor,
    Feature,
    Model,
}

/// What is known of a name by all days that are held.
#[derive(Clone, Copy, Default)]
struct Use {
    completions: u64,
    generations: u64,
    interactions: u64,
}

/// The names that a scope keeps, one set for each label, whatever the family.
pub struct Names(BTreeMap<Label, BTreeSet<&'static str>>);

impl Names {
    /// The name under which this one is shown.
    pub fn shown(&self, label: Label, name: &'static str) -> &'static str {
        let is_kept = self.0.get(&label).is_some_and(|kept| kept.contains(name));
        if is_kept { name } else { OTHERS }
    }
}

/// How much every name was used.
#[derive(Default)]
struct Ranking(BTreeMap<(Label, &'static str), Use>);

impl Ranking {
    fn of(&mut self, label: Label, name: &'static str) -> &mut Use {
        self.0.entry((label, name)).or_default()
    }

    /// A feature tells everything about itself: what completion generates are completions.
    fn add_feature(&mut self, label: Label, name: &'static str, deed: &Deed) {
        let sum = self.of(label, name);
        sum.interactions += deed.interactions;
        if is_completion(deed) {
            sum.completions += deed.generations;
        } else {
            sum.generations += deed.generations;
        }
    }

    /// Completions of a language are counted with the rows, and there are no interactions by language.
    fn add_language(&mut self, deed: &Deed) {
        let sum = self.of(Label::Language, canonical(deed.language.unwrap_or("unknown")));
        if !is_completion(deed) {
            sum.generations += deed.generations;
        }
    }

    /// An editor tells of all features at once; completions are counted with the rows.
    fn add_editor(&mut self, editor: Editor, deed: &Deed) {
        let sum = self.of(Label::Editor, editor.ide_name());
        sum.generations += deed.generations;
        sum.interactions += deed.interactions;
    }

    fn add(&mut self, deed: &Deed) {
        self.add_language(deed);
        self.add_feature(Label::Feature, deed.feature.name(), deed);
        if let Some(editor) = deed.editor {
            self.add_editor(editor, deed);
        }
        if let Some(model) = deed.model {
            self.add_feature(Label::Model, model, deed);
        }
    }

    /// The first so many of each label. GitHub's own `others` takes no place.
    fn first(self, most: usize) -> Names {
        let mut ranked: BTreeMap<Label, Vec<_>> = BTreeMap::new();
        for ((label, name), used) in self.0.into_iter().filter(|((_, name), _)| *name != OTHERS) {
            ranked.entry(label).or_default().push((used.rank(), name));
        }
        let kept = ranked.into_iter().map(|(label, mut names)| {
            names.sort_unstable();
            (label, names.into_iter().take(most).map(|(_, name)| name).collect())
        });
        Names(kept.collect())
    }
}

impl Use {
    /// By completions; names without any come after those, by generations; names without those last, by interactions.
    fn rank(self) -> (u8, Reverse<u64>) {
        match self {
            Self { completions: 1.., .. } => (0, Reverse(self.completions)),
            Self { generations: 1.., .. } => (1, Reverse(self.generations)),
            Self { .. } => (2, Reverse(self.interactions)),
        }
    }
}

impl<'w> Truth<'w> {
    /// The names that a scope keeps, by what its people did on all days that are held.
    pub fn names(&self, scope: &Scope<'w>) -> Names {
        let mut ranking = Ranking::default();
        for day in self.first.iter_days().take_while(|day| *day <= self.newest) {
            self.rank(scope, day, &mut ranking);
        }
        ranking.first(self.most)
    }

    fn rank(&self, scope: &Scope<'w>, day: NaiveDate, ranking: &mut Ranking) {
        for completed in self.completed(scope, day) {
            ranking.of(Label::Language, completed.language).completions += completed.counts[0];
            ranking.of(Label::Editor, completed.editor).completions += completed.counts[0];
        }
        for person in (scope.people)(day).into_iter().flatten() {
            self.told(person, day).iter().for_each(|deed| ranking.add(deed));
        }
    }
}
