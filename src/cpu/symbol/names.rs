//! Long function names made short enough to read: a C++ search function has names of a thousand characters, most of
//! them arguments of templates of arguments of templates.

/// A name up to so many characters is left as it is.
const LONG: usize = 80;
/// A name never has more characters.
const LONGEST: usize = 200;
/// Of a name that is cut, so many characters at the end are kept: the function itself stands there.
const TAIL: usize = 79;

/// The short form of a long name; `None`: the name needs none.
///
/// `index<pool<node<float>>, int>::search<view<…>>`: what stands in template arguments' own arguments is left out,
/// then, if need be, the arguments, then the parameters, at last the middle.
pub(super) fn short(name: &str) -> Option<String> {
    let long = |name: &str, limit| name.chars().nth(limit).is_some();
    if !long(name, LONG) {
        return None;
    }
    let mut short = elided(name, 1);
    if long(&short, LONGEST) {
        short = elided(name, 0);
    }
    if long(&short, LONGEST) {
        short = without_parameters(&short);
    }
    if long(&short, LONGEST) {
        short = without_middle(&short);
    }
    (short != name).then_some(short)
}

/// The name with `<…>` in place of template arguments that lie deeper than `depth`; the name as it is, where its
/// brackets do not match.
fn elided(name: &str, depth: usize) -> String {
    let mut short = String::with_capacity(name.len());
    let mut inside = 0_usize;
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let whole = whole_operator(rest).unwrap_or(first.len_utf8());
        let (part, after) = rest.split_at(whole);
        rest = after;
        match part {
            "<" => {
                inside += 1;
                if inside == depth + 1 {
                    short.push_str("<…");
                }
            }
            ">" => match inside.checked_sub(1) {
                Some(outside) => inside = outside,
                None => return name.to_owned(),
            },
            _ => {}
        }
        let shown = inside <= depth;
        if shown {
            if part == ">" && short.ends_with("> ") {
                short.pop(); // `> >`, as C++ once had to be written
            }
            short.push_str(part);
        }
    }
    match inside {
        0 => short,
        _ => name.to_owned(),
    }
}

/// Angle brackets that are no brackets: how many bytes of them the text begins with, and of what they belong to.
fn whole_operator(text: &str) -> Option<usize> {
    const OPERATORS: [&str; 11] = [
        "operator<=>",
        "operator<<=",
        "operator>>=",
        "operator<<",
        "operator>>",
        "operator<=",
        "operator>=",
        "operator->",
        "operator<",
        "operator>",
        "->",
    ];
    if !text.starts_with(['o', '-']) {
        return None;
    }
    OPERATORS
        .iter()
        .find(|operator| text.starts_with(**operator))
        .map(|operator| operator.len())
}

/// The name with `(…)` in place of its last parameters in parentheses, if there are any.
fn without_parameters(name: &str) -> String {
    let Some(end) = name.rfind(')') else {
        return name.to_owned();
    };
    let mut inside = 0_usize;
    for (at, character) in name[..=end].char_indices().rev() {
        match character {
            ')' => inside += 1,
            '(' => inside -= 1,
            _ => {}
        }
        if inside == 0 {
            return match at + 1 == end {
                true => name.to_owned(),
                false => format!("{}(…){}", &name[..at], &name[end + 1..]),
            };
        }
    }
    name.to_owned()
}

fn without_middle(name: &str) -> String {
    let all = name.chars().count();
    let head = name.chars().take(LONGEST - TAIL - 1);
    let tail = name.chars().skip(all - TAIL);
    head.chain(['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_can_be_read_is_left_alone() {
        for name in [
            "main",
            "std::vector<std::pair<int, float>>::push_back(std::pair<int, float>&&)",
            "<vecperf::profile::Builder as core::default::Default>::default",
        ] {
            assert_eq!(short(name), None);
        }
    }

    #[test]
    fn arguments_of_arguments_are_left_out() {
        let cases = [
            (
                "unum::usearch::index_gt<float, unsigned long, unsigned int, aligned_allocator_gt<char, 64ul>, \
                 memory_mapping_allocator_gt<64ul>>::search<metric_proxy_t<view<float> > >(float const*)",
                "unum::usearch::index_gt<float, unsigned long, unsigned int, aligned_allocator_gt<…>, \
                 memory_mapping_allocator_gt<…>>::search<metric_proxy_t<…>>(float const*)",
            ),
            (
                "<alloc::vec::Vec<T> as alloc::vec::spec_from_iter::SpecFromIter<T, Map<Range<usize>, F>>>::from_iter",
                "<alloc::vec::Vec<…> as alloc::vec::spec_from_iter::SpecFromIter<…>>::from_iter",
            ),
            (
                "std::ostream& operator<< <std::char_traits<allocator<char>>>(std::ostream&, a_long_enough_type_name)",
                "std::ostream& operator<< <std::char_traits<…>>(std::ostream&, a_long_enough_type_name)",
            ),
            (
                "core::ops::function::FnOnce::call_once<fn(alloc::vec::Vec<u8>) -> Result<alloc::vec::Vec<u8>>, ()>",
                "core::ops::function::FnOnce::call_once<fn(alloc::vec::Vec<…>) -> Result<…>, ()>",
            ),
        ];
        for (long, expected) in cases {
            assert_eq!(short(long).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_still_too_long_loses_arguments_then_parameters_then_its_middle() {
        let arguments = vec!["argument"; 40].join(", ");
        let all = format!("outer<{arguments}>::function(int) const");
        assert_eq!(
            short(&all).as_deref(),
            Some("outer<…>::function(int) const")
        );
        let parameters = format!("outer::function({arguments}) const");
        assert_eq!(
            short(&parameters).as_deref(),
            Some("outer::function(…) const")
        );
        let path = format!("{}::the_end", vec!["module"; 60].join("::"));
        let cut = short(&path).unwrap();
        assert!(
            cut.starts_with("module::module") && cut.ends_with("module::the_end"),
            "{cut}"
        );
        assert_eq!(cut.chars().count(), LONGEST);
    }

    #[test]
    fn brackets_that_do_not_match_are_no_templates() {
        let odd = format!("a > b < c {}", "x".repeat(80));
        assert_eq!(short(&odd), None);
    }

    proptest! {
        #[test]
        fn any_name_gets_short_enough(name in "[a<>()é: ,-]{0,600}|\\PC{0,400}") {
            let short = short(&name).unwrap_or(name);
            prop_assert!(short.chars().count() <= LONGEST);
        }
    }
}
