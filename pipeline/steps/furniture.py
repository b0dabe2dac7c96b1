"""The lines of web pages that say nothing of their own: by pattern, and the words that menus are made of. Registers no
step. A pattern fits a whole line; those that could begin a sentence fit only lines that do not end as one does.
"""

from __future__ import annotations

import re

_SITES = "article|post|page|story|news|video|facebook|twitter|x|linkedin|whatsapp|reddit|e-?mail|pinterest|weibo|wechat"
_TO = "comment|post|reply|continue|view|read|leave"
_WHOLE = "reading|more|all|full (?:article|story)|the (?:full |rest of the )?(?:article|story|post)"
_SCAN = "(?:扫码|掃碼|扫一扫|掃一掃|二维码|二維碼)"
_REST = "更多|全文|原文|详情|詳情|全部"
_WHERE = "上方|下方|左下角|右上角|这里|這裡|此处|此處|图片|圖片"
_WHY = r"experience|(?:web)?sites?|traffic|ads?|advertis\w+|analy\w+|privacy|content|polic\w+|accept|agree|consent"
_ENGLISH = (
    rf"(?:we|this (?:web)?site|our (?:web)?site)\b[^.]{{0,40}}\buses? cookies(?:[.,!]?|\b.*\b(?:{_WHY})\b.*)",
    r"by (?:continuing|using (?:this|our)|browsing|clicking|visiting)\b.*\b(?:agree|accept|consent)\b.*\bcookies?\b.*",
    r"(?:accept|reject|manage|allow)(?: all)? cookies|cookie (?:policy|settings|preferences|notice)",
    r"(?:copyright )?(?:©|\(c\)) ?(?:copyright )?(?:19|20)\d\d\b.{0,120}|copyright (?:© )?(?:19|20)\d\d\b.{0,120}",
    r".{0,80}\ball rights reserved\b.{0,40}",
    r"(?:please )?(?:enable|turn on|activate) javascript\b.{0,160}",
    r"javascript (?:is|must be|seems to be) (?:\w+ ){0,2}(?:disabled|enabled|required|off)\b.{0,160}",
    rf"you (?:must|need to|have to) (?:be )?(?:logged|signed|log|sign) ?in to (?:{_TO})\b.{{0,40}}",
    rf"(?:please )?(?:log ?in|sign ?in|register)(?: or (?:log ?in|sign ?(?:in|up)|register))? to (?:{_TO})\b.{{0,40}}",
    r"skip to (?:main |the )?(?:content|navigation)|(?:back|return) to (?:top|the top|home)",
)
_ENGLISH_OPEN = (
    rf"(?:click (?:here )?to )?(?:read|continue|see|show|load|view|learn|find out) (?:{_WHOLE})",
    r"(?:click|tap) here(?: (?:to|for)\b.{0,60})?",
    rf"share (?:this|on|via|to)(?: (?:{_SITES}))?(?: (?:on|via) (?:{_SITES}))?",
    r"follow us(?: on\b.{0,60})?|(?:like|find) us on (?:facebook|twitter|instagram|youtube)",
    r"(?:subscribe|sign up)(?: (?:now|today))? (?:to|for) (?:our|the)\b.{0,60}",
    r"(?:leave|post|add|write) an? (?:comment|reply)|(?:\d+|no|view(?: all)?(?: \d+)?) (?:comments?|replies)",
    r"(?:related|recommended|popular|recent) (?:articles?|posts?|stories|reading|topics)|you (?:may|might) also like",
    r"(?:recommended for you|most (?:read|viewed|popular)|trending now|more from .{1,40}|in this (?:article|section))",
    r"(?:print|e-?mail|report|bookmark) this (?:page|article|post)?|(?:next|previous) (?:article|post|page|story)",
    r"(?:posted (?:on|by|in)|filed under|tagged (?:with|in))\b.{0,80}",
    r"(?:privacy policy|terms of (?:use|service)|terms (?:and|&) conditions)(?: & (?:privacy policy|terms of use))?",
    r"(?:advertisement|sponsored content|advertise with us)",
)
_CHINESE = (
    r".{0,60}(?:版权|版權)所有(?![者人权權]).{0,80}",
    r".{0,20}(?:未经|未經).{0,10}(?:授权|授權|许可|許可|允许|允許).{0,20}(?:转载|轉載|摘编|摘編|镜像).{0,40}",
    r".{0,30}(?:转载|轉載)(?:请|請|须|需)(?:注明|標明|标明|联系|聯繫).{0,60}",
    r".{0,20}(?:[京沪津渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤琼川贵云陕甘青桂蒙宁新藏]ICP[备證证備]|公网安备).{0,40}",
    r".{0,20}(?:本网站|本網站|本站|我们|我們)(?:会)?使用 ?cookies?.{0,200}",
    r"(?:免责声明|免責聲明|版权声明|版權聲明)[：:].{0,200}",
    r"(?:返回|回到)(?:顶部|頂部|首页|首頁|列表|目录|上一页)",
)
_CHINESE_OPEN = (
    rf".{{0,12}}{_SCAN}.{{0,12}}(?:关注|關注|加入|加群|进群|下载|下載|添加|了解|查看|领取|報名|报名).{{0,20}}",
    r"(?:欢迎|歡迎|请|請|微信|搜索)?(?:关注|關注|搜索).{0,20}(?:公众号|公眾號|微信号|视频号|抖音号|官方微博).{0,20}",
    r"(?:请|請)?(?:先)?(?:登录|登陆|登入|注册|註冊).{0,6}(?:后|後|以|即可)?(?:发表|發表|评论|評論|查看|参与|回复|回覆).{0,10}",
    r"(?:责任编辑|責任編輯|责编|本文编辑|值班编辑|文章来源|文章來源|稿件来源|稿源|原标题|原標題)[：:].{0,40}",
    rf"(?:点击|點擊|点此|點此|戳)(?:查看|阅读|閱讀|展开|展開|加载|載入|浏览)?(?:{_REST}|大图|原图|大圖).{{0,10}}",
    rf"(?:点击|點擊|戳).{{0,6}}(?:{_WHERE}).{{0,12}}(?:关注|關注|原文|下载|下載|加入|订阅|訂閱|蓝字|進入|进入).{{0,12}}",
    rf"(?:查看|阅读|閱讀|加载|載入|显示|顯示|展开|展開|了解|浏览)(?:{_REST}|剩余).{{0,10}}",
    r"(?:分享|转发|轉發)(?:到|至)(?:[：:]|微信|微博|朋友圈|QQ|空间|好友).{0,30}|(?:字号|字體|字体)[：:].{0,30}",
    r"(?:上一篇|下一篇|上一章|下一章)(?:[：:].{0,60})?|(?:上一页|下一页|上一頁|下一頁)",
    r"(?:相关|相關|延伸|推荐|推薦|热门|熱門|最新)(?:阅读|閱讀|推荐|推薦|新闻|新聞|文章|链接|標籤|标签)[：:]?|猜你喜欢|猜你喜歡|友情链接.{0,40}",
)
ALWAYS = re.compile("|".join(f"(?:{one})" for one in (*_ENGLISH, *_CHINESE)), re.IGNORECASE)
UNENDED = re.compile("|".join(f"(?:{one})" for one in (*_ENGLISH_OPEN, *_CHINESE_OPEN)), re.IGNORECASE)
_MENU = (
    "home|about|about us|contact|contact us|login|log in|log out|logout|sign in|sign up|sign out|register|"
    "subscribe|search|menu|share|print|email|e-mail|tweet|facebook|twitter|instagram|linkedin|youtube|"
    "pinterest|whatsapp|rss|help|faq|faqs|sitemap|site map|privacy|privacy policy|terms|terms of use|"
    "terms of service|cookie policy|blog|news|shop|store|cart|checkout|my account|account|wishlist|careers|"
    "advertise|advertisement|support|services|products|archives|categories|tags|next|previous|prev|back|"
    "back to top|top|more|read more|newsletter|press|jobs|forum|forums|downloads|gallery|comments|reply|like|"
    "follow|follow us|donate|首页|首頁|主页|登录|登入|注册|註冊|退出|关于我们|關於我們|联系我们|聯絡我們|"
    "联系方式|网站地图|網站地圖|帮助|帮助中心|新闻|新闻中心|资讯|产品|产品中心|服务|服务支持|论坛|博客|下载|"
    "下载中心|搜索|更多|分享|收藏|打印|评论|点赞|返回|返回顶部|购物车|我的订单|个人中心|会员中心|广告|"
    "广告服务|友情链接|招聘|加入我们|诚聘英才|隐私政策|使用条款|法律声明|意见反馈|客户端|手机版|微信|微博|"
    "在线客服|解决方案|成功案例|公司简介|企业文化"
)
MENU = frozenset(_MENU.split("|"))
