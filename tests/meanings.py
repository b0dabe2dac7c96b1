"""Pairs of sentences that a person labelled: twenty that say the same in other words, twenty that say the opposite in
nearly the same words; half of each in English, half in Chinese."""

from __future__ import annotations

SAME = [
    ("How do I get my money back for this order?", "I would like a refund for what I bought."),
    ("The parcel came two days late.", "Delivery took two days longer than promised."),
    ("The battery runs out far too fast.", "This phone barely lasts half a day on one charge."),
    ("The film was a delight from start to finish.", "I enjoyed every minute of this movie."),
    ("The staff at the hotel were very kind.", "Everyone who worked at the hotel treated us nicely."),
    ("I forgot my password and cannot sign in.", "I can't log in because I don't remember my password."),
    ("The company's profits doubled last year.", "Last year the firm earned twice as much as before."),
    ("Heavy rain flooded the streets of the city.", "The city's roads were under water after the downpour."),
    ("He quit smoking ten years ago.", "It has been a decade since he gave up cigarettes."),
    ("The app keeps crashing when I open it.", "Every time I launch the application, it shuts down."),
    ("这家餐厅的菜非常好吃。", "这家饭店做的菜味道很棒。"),
    ("快递比预计晚到了两天。", "包裹迟了两天才送达。"),
    ("手机电池太不耐用了。", "这部手机的续航很差，半天就没电了。"),
    ("怎么申请退款？", "我想把钱退回来，应该如何操作？"),
    ("客服态度很好，很有耐心。", "客服人员耐心又热情。"),
    ("我忘记密码，登录不了账号。", "密码想不起来了，没法登进去。"),
    ("公司去年的利润翻了一番。", "去年这家企业赚的钱是前一年的两倍。"),
    ("这部电影从头到尾都很精彩。", "这片子全程都好看，没有一分钟无聊。"),
    ("他十年前就戒烟了。", "他不抽烟已经有十年了。"),
    ("暴雨让城里的街道都积了水。", "大雨过后，市区道路被淹。"),
]

OPPOSITE = [
    ("The film is good.", "The film is not good."),
    ("I would recommend this hotel to anyone.", "I would not recommend this hotel to anyone."),
    ("The delivery was fast.", "The delivery was slow."),
    ("The battery lasts all day.", "The battery does not last all day."),
    ("The company's profits rose last year.", "The company's profits fell last year."),
    ("He agreed to sign the contract.", "He refused to sign the contract."),
    ("The price is too high.", "The price is too low."),
    ("Please turn the lights on.", "Please turn the lights off."),
    ("The new version works better than the old one.", "The old version works better than the new one."),
    ("My order has arrived.", "My order has not arrived."),
    ("这部电影很好看。", "这部电影不好看。"),
    ("我会推荐给朋友。", "我不会推荐给朋友。"),
    ("物流很快。", "物流很慢。"),
    ("客服态度很好。", "客服态度很差。"),
    ("公司去年的利润上升了。", "公司去年的利润下降了。"),
    ("他同意签合同。", "他拒绝签合同。"),
    ("价格太高了。", "价格太低了。"),
    ("请把灯打开。", "请把灯关掉。"),
    ("这款手机值得买。", "这款手机不值得买。"),
    ("我的包裹已经收到了。", "我的包裹还没有收到。"),
]
