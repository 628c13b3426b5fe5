//! Sorting of call stacks, root first. Stacks share long beginnings, and what tells them apart is read once: they are
//! sorted by their first two frames, then those that agree in these by their next two, and so on.

/// Stacks in order, equal ones together.
pub(super) struct Groups(Vec<Item>);

#[derive(Clone, Copy)]
struct Item {
    /// Two of its frames, the outer one above; 0: it has ended.
    key: u64,
    stack: u32,
    /// It equals the one before.
    repeats: bool,
}

/// Sorts `count` stacks; `frame` is the frame of a stack at a depth, `None` beyond its end. Among equal ones the order
/// is that of their numbers.
pub(super) fn groups(count: usize, frame: impl Fn(usize, usize) -> Option<u32>) -> Groups {
    let item = |stack: usize| Item {
        key: key(&frame, stack, 0),
        stack: stack as u32, // a file of so many is not read
        repeats: false,
    };
    let mut items: Vec<_> = (0..count).map(item).collect();
    let mut unsorted = vec![(0..count, 0)];
    while let Some((part, depth)) = unsorted.pop() {
        let mut start = part.start;
        let part = &mut items[part];
        for item in part.iter_mut().filter(|_| depth > 0) {
            item.key = key(&frame, item.stack as usize, depth);
        }
        part.sort_unstable_by_key(|item| (item.key, item.stack));
        for equal in part.chunk_by_mut(|a, b| a.key == b.key) {
            let end = start + equal.len();
            if equal[0].key as u32 == 0 {
                equal[1..].iter_mut().for_each(|item| item.repeats = true);
            } else if equal.len() > 1 {
                unsorted.push((start..end, depth + 2));
            }
            start = end;
        }
    }
    Groups(items)
}

fn key(frame: &impl Fn(usize, usize) -> Option<u32>, stack: usize, depth: usize) -> u64 {
    let number = |depth| frame(stack, depth).map_or(0, |frame| u64::from(frame) + 1);
    number(depth) << 32 | number(depth + 1)
}

impl Groups {
    /// The numbers of the stacks, those of equal ones at a time.
    pub(super) fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = usize>> {
        self.0
            .chunk_by(|_, next| next.repeats)
            .map(|equal| equal.iter().map(|item| item.stack as usize))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_frames(stacks in vec(vec(0_u32..3, 0..7), 0..60)) {
            let frame = |stack: usize, depth: usize| stacks[stack].get(depth).copied();
            let found: Vec<Vec<_>> = groups(stacks.len(), frame).iter().map(Iterator::collect).collect();
            let mut sorted: Vec<_> = (0..stacks.len()).collect();
            sorted.sort_by_key(|stack| &stacks[*stack]); // stable
            let expected: Vec<_> = sorted
                .chunk_by(|a, b| stacks[*a] == stacks[*b])
                .map(<[usize]>::to_vec)
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
