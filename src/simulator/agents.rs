//! Agents that are counted apart: the Agents window of Visual Studio Code and those of other companies.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::signals::{AgentJobs, AgentsWindow, Signals};

/// What agents did for somebody, or for many.
#[derive(Debug, Default, Serialize)]
pub(super) struct Agents {
    #[serde(skip_serializing_if = "Option::is_none")]
    totals_by_vscode_agent: Option<Window>,
    #[serde(serialize_with = "rows")]
    totals_by_3rd_party_agent: BTreeMap<&'static str, Row>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Window {
    session_count: u64,
    total_user_messages: u64,
}

#[derive(Debug, Serialize)]
struct Row {
    agent_id: &'static str,
    agent_name: &'static str,
    user_initiated_interaction_count: u64,
    /// Not said of single people.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_count: Option<u64>,
}

impl Agents {
    /// What one person's row says.
    pub(super) fn of_user(signals: &Signals) -> Self {
        let mut agents = Self::default();
        agents.add(signals);
        for row in agents.totals_by_3rd_party_agent.values_mut() {
            row.session_count = None;
        }
        agents
    }

    /// Adds what agents did for somebody.
    pub(super) fn add(&mut self, signals: &Signals) {
        if let Some(AgentsWindow { sessions, messages }) = signals.vscode_agent {
            let window = self.totals_by_vscode_agent.get_or_insert_default();
            window.session_count += sessions;
            window.total_user_messages += messages;
        }
        for AgentJobs { id, name, jobs, sessions } in &signals.third_party {
            let row = self.totals_by_3rd_party_agent.entry(id).or_insert(Row::new(id, name));
            row.user_initiated_interaction_count += jobs;
            *row.session_count.get_or_insert_default() += sessions;
        }
    }
}

impl Row {
    fn new(agent_id: &'static str, agent_name: &'static str) -> Self {
        Self { agent_id, agent_name, user_initiated_interaction_count: 0, session_count: None }
    }
}

fn rows<S: Serializer>(rows: &BTreeMap<&'static str, Row>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.values())
}
