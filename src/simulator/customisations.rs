//! The extensions of the command line that are used most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::signals::{Customisation, CustomisationKind};

/// How many of a kind are listed.
const LISTED: usize = 5;

/// Uses of every extension, by kind.
#[derive(Debug, Default)]
pub(super) struct Customisations(BTreeMap<CustomisationKind, BTreeMap<&'static str, u64>>);

impl Customisations {
    /// Adds what somebody used.
    pub(super) fn add(&mut self, used: &[Customisation]) {
        for Customisation { kind, name, count } in used {
            *self.0.entry(*kind).or_default().entry(name).or_default() += count;
        }
    }
}

/// Two fields for every kind: those used most, of equals the first by name, and how many there are at all.
/// Kinds that nobody used are left out.
impl Serialize for Customisations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (kind, counts) in &self.0 {
            let field = kind.field();
            let mut ranking: Vec<_> = counts.iter().collect();
            ranking.sort_by_key(|(name, count)| (Reverse(**count), **name));
            let row = |(name, count)| json!({ field: name, "interaction_count": count });
            let top: Vec<Value> = ranking.into_iter().take(LISTED).map(row).collect();
            map.serialize_entry(&format!("totals_by_{field}"), &top)?;
            map.serialize_entry(&format!("distinct_{field}_use_count"), &counts.len())?;
        }
        map.end()
    }
}
