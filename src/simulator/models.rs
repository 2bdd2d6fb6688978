//! The models, by the names that providers, reports and bills give them.

/// How bills, which are for people, write what reports call `model`.
pub(super) fn title(model: &str) -> &'static str {
    match model {
        "auto" => "Auto",
        "claude-opus-4.6" => "Claude Opus 4.6",
        "claude-sonnet-4.6" => "Claude Sonnet 4.6",
        "gemini-3-pro" => "Gemini 3 Pro",
        "gpt-5-mini" => "GPT-5 mini",
        "gpt-5.4" => "GPT-5.4",
        _ => "Unknown",
    }
}

/// The models people choose from, in the spellings of reports, and how many people do.
pub(super) const CHOICES: [(&str, u64); 7] = [
    ("gpt-5.4", 30),
    ("claude-sonnet-4.6", 28),
    ("auto", 16),
    ("gpt-5-mini", 10),
    ("claude-opus-4.6", 8),
    ("gemini-3-pro", 5),
    ("unknown", 3),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_models_have_the_same_title() {
        let titles: HashSet<_> = CHOICES.iter().map(|(model, _)| title(model)).collect();
        assert_eq!(titles.len(), CHOICES.len());
    }
}
