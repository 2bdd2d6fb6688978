//! Names by number, so that a thousand teams do not hold them while they are added up.

use foldhash::HashMap;

use super::label::{Label, Labels};

/// The table of names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// As GitHub spells them, in every spelling that came.
    spellings: HashMap<Box<str>, u32>,
    /// As they are shown.
    numbers: HashMap<Label, u32>,
    labels: Vec<Label>,
    canonical: Labels,
}

impl Names {
    /// The number of a name, however it is spelt.
    pub(super) fn id(&mut self, name: Option<&str>) -> u32 {
        let name = name.unwrap_or_default();
        if let Some(id) = self.spellings.get(name) {
            return *id;
        }
        let label = self.canonical.label(Some(name));
        let id = self.number(label);
        self.spellings.insert(name.into(), id);
        id
    }

    /// The name of a number.
    pub(super) fn label(&self, id: u32) -> Label {
        self.labels[id as usize].clone()
    }

    fn number(&mut self, label: Label) -> u32 {
        let next = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(label).or_insert_with_key(|label| {
            self.labels.push(label.clone());
            next
        })
    }
}
