//! Names that a reader takes for a real company's, each unique where GitHub wants it unique.

use std::collections::HashSet;

use fastrand::Rng;

/// The slug of the enterprise that owns every simulated organisation.
pub(super) const ENTERPRISE: &str = "octo-group";

const BRANCHES: [&str; 16] = [
    "retail", "labs", "pay", "freight", "health", "media", "energy", "cloud", "games", "travel", "insure",
    "robotics", "foods", "mobility", "research", "studio",
];

const FIRST: [&str; 48] = [
    "ada", "alan", "amara", "anders", "aylin", "barbara", "bjorn", "carla", "chen", "dana", "diego",
    "edsger", "elif", "emeka", "eva", "farid", "fatima", "grace", "hana", "henrik", "ines", "ivan", "jana",
    "jorge", "kaito", "karin", "katya", "lars", "leila", "linus", "luca", "maja", "margaret", "mei", "milan",
    "mona", "nadia", "niklas", "noor", "olga", "pavel", "priya", "rafael", "rosa", "samir", "tove", "yuki",
    "zofia",
];

const LAST: [&str; 48] = [
    "adeyemi", "almeida", "andersen", "bauer", "becker", "brandt", "castro", "costa", "demir", "dubois",
    "eriksen", "farkas", "fischer", "fujita", "garcia", "haddad", "hansen", "hoffmann", "ito", "jansen",
    "kaya", "kim", "kowalski", "kumar", "larsen", "lindgren", "lopez", "martins", "meyer", "moreau",
    "nakamura", "novak", "nowak", "okafor", "olsen", "patel", "petrov", "popov", "rossi", "sato", "schmidt",
    "silva", "singh", "tanaka", "varga", "virtanen", "weber", "zhang",
];

/// Where a team that shares its subject with another one sits; the first round goes without.
const REGIONS: [&str; 8] =
    ["", "Europe", "Americas", "Asia Pacific", "Nordics", "Partners", "Enterprise", "Labs"];

/// What a team inside another team is for.
const SUBTEAMS: [&str; 4] = ["Core", "Reliability", "Tools", "Experience"];

/// The login of the `index`-th organisation: `octo-retail`, `octo-labs`, … then `octo-retail-2`.
pub(super) fn organisation(index: usize) -> String {
    let branch = BRANCHES[index % BRANCHES.len()];
    match index / BRANCHES.len() {
        0 => format!("octo-{branch}"),
        round => format!("octo-{branch}-{}", round + 1),
    }
}

/// The name of a team about `subject`, unique for each `round` in which the subject comes up again.
pub(super) fn team(subject: &str, round: usize) -> String {
    let region = REGIONS[round % REGIONS.len()];
    let name = if region.is_empty() { subject.to_owned() } else { format!("{subject} {region}") };
    match round / REGIONS.len() {
        0 => name,
        again => format!("{name} {}", again + 1),
    }
}

/// The name of a team inside `parent`.
pub(super) fn subteam(parent: &str, index: usize) -> String {
    format!("{parent} {}", SUBTEAMS[index % SUBTEAMS.len()])
}

/// A team's slug as GitHub forms it: lower case, one hyphen for everything that is no letter or digit.
pub(super) fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Draws user logins and never the same one twice.
#[derive(Default)]
pub(super) struct Logins {
    taken: HashSet<String>,
}

impl Logins {
    /// The next login, in one of the styles people choose for themselves.
    pub(super) fn draw(&mut self, rng: &mut Rng) -> String {
        let (first, last) = (FIRST[rng.usize(..FIRST.len())], LAST[rng.usize(..LAST.len())]);
        let wish = match rng.u8(..5) {
            0 => format!("{first}-{last}"),
            1 => format!("{}{last}", &first[..1]),
            2 => format!("{first}{}", &last[..1]),
            3 => format!("{last}{}", rng.u8(10..100)),
            _ => format!("{first}{last}"),
        };
        let login = self.free(&wish);
        self.taken.insert(login.clone());
        login
    }

    fn free(&self, wish: &str) -> String {
        let numbered = (2_u32..).map(|number| format!("{wish}-{number}"));
        std::iter::once(wish.to_owned())
            .chain(numbered)
            .find(|login| !self.taken.contains(login))
            .expect("there are more numbers than people")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_words_joined_by_single_hyphens() {
        for (name, expected) in
            [("Payments", "payments"), ("Search Quality", "search-quality"), ("R&D / Ops ", "r-d-ops")]
        {
            assert_eq!(slug(name), expected);
        }
    }

    #[test]
    fn organisations_teams_and_logins_stay_unique_however_many() {
        let organisations: HashSet<_> = (0..100).map(organisation).collect();
        assert_eq!(organisations.len(), 100);
        let teams: HashSet<_> = (0..100).map(|round| team("Payments", round)).collect();
        assert_eq!(teams.len(), 100);
        let (mut logins, mut rng) = (Logins::default(), Rng::with_seed(1));
        let drawn: HashSet<_> = (0..20_000).map(|_| logins.draw(&mut rng)).collect();
        assert_eq!(drawn.len(), 20_000);
    }
}
