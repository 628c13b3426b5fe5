//! A page as a browser's parser sees it.

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// The parsed page.
pub(super) struct Dom(RcDom);

impl Dom {
    pub(super) fn of(page: &str) -> Self {
        Self(html5ever::parse_document(RcDom::default(), Default::default()).one(page))
    }

    /// All nodes, in the order of the page.
    fn nodes(&self) -> Vec<Handle> {
        let mut nodes = Vec::new();
        let mut open = vec![self.0.document.clone()];
        while let Some(node) = open.pop() {
            open.extend(node.children.borrow().iter().rev().cloned());
            nodes.push(node);
        }
        nodes
    }

    /// The names of all elements, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let nodes = self.nodes();
        nodes.iter().filter_map(name).collect()
    }

    /// The elements of this name.
    pub(super) fn elements(&self, of: &str) -> Vec<Handle> {
        let mut nodes = self.nodes();
        nodes.retain(|node| name(node).as_deref() == Some(of));
        nodes
    }

    /// Element, name and value of every attribute, in order.
    pub(super) fn attributes(&self) -> Vec<(String, String, String)> {
        let mut all = Vec::new();
        for node in self.nodes() {
            if let NodeData::Element { name, attrs, .. } = &node.data {
                for attribute in attrs.borrow().iter() {
                    all.push((
                        name.local.to_string(),
                        attribute.name.local.to_string(),
                        attribute.value.to_string(),
                    ));
                }
            }
        }
        all
    }

    /// How many comments there are.
    pub(super) fn comments(&self) -> usize {
        let comment = |node: &&Handle| matches!(node.data, NodeData::Comment { .. });
        self.nodes().iter().filter(comment).count()
    }

    /// The texts of the elements of this name.
    pub(super) fn texts(&self, of: &str) -> Vec<String> {
        self.elements(of).iter().map(text).collect()
    }

    /// What a reader sees: everything but scripts and style.
    pub(super) fn text(&self) -> String {
        ["header", "main", "footer"]
            .iter()
            .flat_map(|of| self.texts(of))
            .collect()
    }
}

fn name(node: &Handle) -> Option<String> {
    match &node.data {
        NodeData::Element { name, .. } => Some(name.local.to_string()),
        _ => None,
    }
}

/// The text below a node.
pub(super) fn text(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text).collect(),
    }
}
