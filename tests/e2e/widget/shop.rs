//! A page that looks like a shop's, for what is to be looked at.

pub const STYLE: &str = "<style>
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#faf8f5;color:#26221d}
@media(prefers-color-scheme:dark){body{background:#16140f;color:#f1ece4}.item{background:#221f19!important}}
main{max-width:920px;margin:0 auto;padding:32px 24px}
h1{font-size:28px;margin:0 0 8px}
.items{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:20px;margin-top:24px}
.item{background:#fff;border-radius:14px;padding:16px}
.item i{display:block;height:120px;border-radius:10px;background:linear-gradient(135deg,#d9c7a7,#a98d5f)}
.item h2{font-size:16px;margin:12px 0 0}
</style>";

pub const BODY: &str = "<p>Your order is on its way. Others also liked these.</p><div class=\"items\">
<div class=\"item\"><i></i><h2>Linen tablecloth</h2>39.00</div><div class=\"item\"><i></i><h2>Oak board</h2>24.00</div>
<div class=\"item\"><i></i><h2>Stoneware bowl</h2>18.50</div><div class=\"item\"><i></i><h2>Beeswax candles</h2>12.00</div></div>";
