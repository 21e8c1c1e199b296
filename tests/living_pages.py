"""The smallest built paper: three pages in the form in which Sphinx writes them."""

from __future__ import annotations

INDEX = """<html><head></head><body><article class="bd-article"><section id="paper">
<span id="start"></span><h1>Paper<a class="headerlink" href="#paper">#</a></h1>
<div class="byline docutils"><p>Somebody.</p></div>
<figure class="chart" id="fig-key"><img alt="A line at +1.0 &amp; more." src="../_images/fig-key-0123abcd.svg"/>
<figcaption><p><span class="caption-number">Figure 1 </span><span class="caption-text">A <em>finding</em> is seen.</span></p>
</figcaption></figure><script data-chart="fig-key" type="application/json">{"secret": 1}</script>
<p class="rubric" id="abstract">Abstract</p>
<div class="abstract docutils"><p><strong>Results.</strong> Deaths differed by
<a class="result origin-counts" href="ledger.html#n-counts-death-rd" data-id="counts.death.rd">+1.0<sup
class="origin">C</sup></a>, as said<span class="bibtex-citation" id="id1"><sup><a class="reference internal"
href="references.html#id2">1</a></sup></span>.</p></div>
<section id="background"><h2>Introduction</h2><p>See <a class="reference internal" href="methods.html#second">there</a>,
<a class="reference internal" href="#fig-key"><span>Figure 1</span></a>, <a href="methods.html">methods</a> and
<a href="reproduce.html#a">an appendix</a>.</p></section></section></article></body></html>"""
METHODS = """<html><body><article class="bd-article"><section id="methods"><h1>Methods</h1>
<section id="background"><span id="second"></span><h2>Background</h2>
<p>Here <math><mi>x</mi><mo>&lt;</mo><mn>1</mn></math>.</p>
<table class="table" id="tbl-one"><caption><span class="caption-number">Table 1 </span><span class="caption-text">A table.</span>
</caption><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></section>
<details class="provenance"><summary>Where this chapter comes from</summary></details></section></article></body></html>"""
REFERENCES = """<html><body><article class="bd-article"><div class="citation" id="id2" role="doc-biblioentry">
<span class="label">[1]</span><p>A. Author. A title &amp; more. <em>A Journal</em>, 2021.
<a class="reference external" href="https://doi.org/10.1/x(1)&lt;2">doi:10.1/x(1)&lt;2</a>.</p></div></article></body></html>"""
