//! Whether two sets of figures differ: medians, and the rank test of Mann and Whitney.

/// The middle of some figures; zero when there are none.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        len if len.is_multiple_of(2) => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}

/// How likely it is that the ranks of two sets differ this much by chance: the exact two-sided
/// test for sets without ties. Equal figures count half for each side.
pub fn chance(first: &[f64], second: &[f64]) -> f64 {
    let twice_u = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| 2 * u64::from(a > b) + u64::from(a == b)));
    let twice_u: u64 = twice_u.sum();
    let most = (first.len() * second.len()) as u64;
    // The distribution is symmetric: the smaller side counts.
    let smaller = (twice_u.min(2 * most - twice_u) / 2) as usize;
    let ways = ways(first.len(), second.len());
    let all: f64 = ways.iter().sum();
    let tail: f64 = ways.iter().take(smaller + 1).sum();
    (2.0 * tail / all).min(1.0)
}

/// In how many orders of `a` and `b` figures each value of U occurs.
fn ways(a: usize, b: usize) -> Vec<f64> {
    // Counts partitions: U of one more figure on either side, the larger of all taken away.
    let mut table = vec![vec![vec![1.0]; b + 1]; a + 1];
    for i in 1..=a {
        for j in 1..=b {
            let mut ways = vec![0.0; i * j + 1];
            for (u, count) in table[i - 1][j].iter().enumerate() {
                ways[u + j] += count;
            }
            for (u, count) in table[i][j - 1].iter().enumerate() {
                ways[u] += count;
            }
            table[i][j] = ways;
        }
    }
    table[a][b].clone()
}

/// The smallest chance that the test can give for sets of these sizes.
pub fn least_chance(first: usize, second: usize) -> f64 {
    2.0 / ways(first, second).iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_sets() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn chances_are_those_of_the_published_tables() {
        // 70 orders of four and four; 20 of three and three.
        assert!((chance(&[1., 2., 3., 4.], &[5., 6., 7., 8.]) - 2.0 / 70.0).abs() < 1e-12);
        assert!((chance(&[5., 6., 7., 8.], &[1., 2., 3., 4.]) - 2.0 / 70.0).abs() < 1e-12);
        assert!((chance(&[1., 2., 3., 5.], &[4., 6., 7., 8.]) - 4.0 / 70.0).abs() < 1e-12);
        assert!((chance(&[1., 2., 3.], &[4., 5., 6.]) - 0.1).abs() < 1e-12);
        assert!((least_chance(4, 4) - 2.0 / 70.0).abs() < 1e-12);
    }

    #[test]
    fn equal_sets_do_not_differ() {
        assert_eq!(chance(&[1., 2., 3.], &[1., 2., 3.]), 1.0);
    }
}
