//! What a seed means: the lives of a member, and what its clients do in each. Every step has a
//! seed of its own, so that one can be left out and the others stay what they are.

use crate::disk::{Crash, Damage};
use crate::member::Faults;
use crate::model::random::Random;
use crate::workload::Kind;

/// Everything that a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What all of it comes from.
    pub seed: u64,
    /// One after the other, on the same disk. The last one ends in peace.
    pub lives: Vec<LifePlan>,
}

/// One life of the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifePlan {
    /// Of settings and schedule.
    pub seed: u64,
    /// Who asks for what.
    pub clients: Vec<ClientPlan>,
    /// How it ends, unless it is the last.
    pub crash: Crash,
    /// What happens to the disk while it is down. The member is at rest before.
    pub damage: Option<Damage>,
    /// What the disk does while it is up.
    pub faults: Faults,
    /// Crashes on the way to it.
    pub false_starts: u64,
    /// One step in so many is not waited for.
    pub haste: u64,
    /// Steps that are begun before the crash.
    pub steps: usize,
    /// Things that happen after the last step and before the crash, at most.
    pub delay: u64,
    /// The crash comes when one core has written something and another one has not.
    pub treacherous: bool,
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPlan {
    /// What it does.
    pub kind: Kind,
    /// Seeds of its steps.
    pub steps: Vec<u64>,
}

impl Plan {
    /// Draws a plan.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let lives = random.pick(&[1, 3, 4, 5]);
        Self { seed, lives: (0..lives).map(|_| LifePlan::draw(&mut random)).collect() }
    }

    /// Steps of all clients in all lives.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.lives.iter().map(LifePlan::all_steps).sum()
    }
}

impl LifePlan {
    fn draw(random: &mut Random) -> Self {
        let seed = random.next_u64();
        let kinds = Kind::draw(random);
        let clients: Vec<ClientPlan> =
            kinds.into_iter().map(|kind| ClientPlan::draw(kind, random)).collect();
        let all = clients.iter().map(|client| client.steps.len()).sum::<usize>() as u64;
        Self {
            seed,
            clients,
            crash: random.pick(&[Crash::Kill, Crash::PowerLoss]),
            damage: random.one_in(5).then(|| random.pick(&Damage::ALL)),
            faults: Faults::draw(random),
            false_starts: if random.one_in(4) { random.below(3) } else { 0 },
            haste: random.pick(&[20, 20, 2]),
            steps: random.below(all + 1) as usize,
            delay: random.pick(&[0, 10, 60, 400]),
            treacherous: random.one_in(2),
        }
    }

    fn all_steps(&self) -> usize {
        self.clients.iter().map(|client| client.steps.len()).sum()
    }
}

impl ClientPlan {
    fn draw(kind: Kind, random: &mut Random) -> Self {
        let steps = random.pick(&[3, 10, 25]);
        Self { kind, steps: (0..steps).map(|_| random.next_u64()).collect() }
    }
}
