//! Figures against an independent computation: Python's `statistics` over the single answers, on random data.
//!
//! Left out, and said so, where there is no Python.

use ringback_core::figures::{Histogram, Nps, Share, Z};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Reads lines `nps D P R`, `share K N` and `times T…`; answers each with numbers. Works on the single answers, and finds
/// Wilson's limits by bisection of the test that they invert.
const PYTHON: &str = r"
import sys, statistics, math
z = statistics.NormalDist().inv_cdf(0.975)
def root(f, a, b):
    for _ in range(200):
        m = (a + b) / 2
        a, b = (m, b) if (f(a) < 0) == (f(m) < 0) else (a, m)
    return (a + b) / 2
for line in sys.stdin:
    kind, *rest = line.split()
    given = [int(x) for x in rest]
    if kind == 'nps':
        d, p, r = given
        answers = [-1] * d + [0] * p + [1] * r
        mean = statistics.fmean(answers)
        weights = [d + 0.75, p + 1.5, r + 0.75]
        centre = statistics.fmean([-1, 0, 1], weights=weights)
        square = statistics.fmean([1, 0, 1], weights=weights)
        error = math.sqrt((square - centre ** 2) / sum(weights))
        print(100 * mean, statistics.pvariance(answers), 100 * (centre - z * error), 100 * (centre + z * error))
    elif kind == 'share':
        k, n = given
        seen = k / n
        off = lambda p: (seen - p) ** 2 - z * z * p * (1 - p) / n
        low = 0.0 if k == 0 else root(off, 1e-15, seen - 1e-12)
        high = 1.0 if k == n else root(off, seen + 1e-12, 1 - 1e-15)
        print(100 * statistics.fmean([1] * k + [0] * (n - k)), 100 * low, 100 * high)
    else:
        print(statistics.median_low(given))
print(z)
";

/// A small generator (xorshift64*), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

fn python(input: &str) -> Option<Vec<Vec<f64>>> {
    let mut child =
        Command::new("python3").args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let text = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("python ends");
    writer.join().expect("joins").expect("python reads");
    assert!(output.status.success(), "python failed");
    let text = String::from_utf8(output.stdout).expect("text");
    Some(text.lines().map(|l| l.split(' ').map(|n| n.parse().expect("a number")).collect()).collect())
}

fn close(got: f64, wanted: f64) -> bool {
    (got - wanted).abs() < 1e-6
}

#[test]
fn figures_are_what_pythons_statistics_make_of_the_single_answers() {
    let mut dice = Dice(20_261_122);
    let mut input = String::new();
    let (mut scores, mut shares, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..300 {
        let most = [4, 40, 4_000][round % 3];
        let nps = Nps { detractors: dice.below(most), passives: dice.below(most), promoters: 1 + dice.below(most) };
        let of = 1 + dice.below(most);
        let share = Share { part: dice.below(of + 1), of };
        let drawn: Vec<u64> = (0..1 + dice.below(most.min(300))).map(|_| 1 << dice.below(22)).collect();
        let drawn: Vec<u64> = drawn.into_iter().map(|most| most + dice.below(most)).collect();
        input += &format!("nps {} {} {}\nshare {} {}\n", nps.detractors, nps.passives, nps.promoters, share.part, of);
        input += &format!("times {}\n", drawn.iter().map(u64::to_string).collect::<Vec<_>>().join(" "));
        scores.push(nps);
        shares.push(share);
        times.push(drawn);
    }
    let Some(lines) = python(&input) else {
        eprintln!("left out: there is no python3");
        return;
    };
    assert!(close(lines[900][0], Z));
    for (round, line) in lines[..900].chunks(3).enumerate() {
        let (score, variance) = (scores[round].score().unwrap(), scores[round].variance().unwrap());
        let [value, pvariance, low, high] = line[0][..] else { panic!("four numbers") };
        assert!(close(score.value, value) && close(variance, pvariance), "{:?}", scores[round]);
        assert!(close(score.low, low.clamp(-100.0, value)), "{:?}: {score:?}, {low}", scores[round]);
        assert!(close(score.high, high.clamp(value, 100.0)), "{:?}: {score:?}, {high}", scores[round]);

        let share = shares[round].percent().unwrap();
        assert!(close(share.value, line[1][0]), "{:?}", shares[round]);
        assert!((share.low - line[1][1]).abs() < 1e-4 && (share.high - line[1][2]).abs() < 1e-4, "{:?}", shares[round]);

        let mut histogram = Histogram::default();
        times[round].iter().for_each(|t| histogram.add(Histogram::bucket(*t), 1));
        #[expect(clippy::cast_precision_loss, reason = "seconds of some weeks")]
        let (median, truth) = (histogram.median().unwrap() as f64, line[2][0]);
        assert!((median - truth).abs() <= truth * 0.0625 + 0.5, "{median} is not {truth}");
    }
}
