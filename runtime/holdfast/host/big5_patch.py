"""Where the standard's index of Big5 differs from Python's Big5-HKSCS.

Python's follows the Hong Kong supplement of 2004, the standard's that of 2008 with
some of the vendors' habits. Each entry is the two bytes of the first character and
the characters that follow one another from there.

https://encoding.spec.whatwg.org/#index-big5
"""

_RUNS = """
    877A:㡵𡵓𣚞𦀡㻬 87A1:𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌篅枂稬剏遆㓦珄𥶹
    87C1:瓆鿇垳䤯呌䄱𣚎堘 87C9:穲𧭥讏䚮𦺈䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋 8E69:箸
    8E6F:簆 8E7E:糎 8EAB:緒 8EB4:縝 8ECD:者 8ED0:耨 8F57:菁 8F69:蒨 8F6E:萏 8FCB:覦覩
    8FFE:起 906D:都 907A:銹 90DC:靜 90F1:響 91BF:鼖 9244:蔃 92AF:兙兛兝兞 92C8:鍮 92D1:瑹
    9447:浧 94CA:禛 95D9:邗 9644:靝 96ED:瀞 96FC:嬨 9B76:爁 9B78:矗 9B7B:纇 9BC6:駖 9BDE:釔
    9BEC:惞 9BF6:澶 9C42:輶 9C53:侻 9C62:營 9C68:鄄 9C6B:鷰 9C77:菏 9CBC:尐秣 9CD0:婧
    9D57:輋 9D5A:筑 9DC4:拐 9EA9:恢 9EEF:痹 9EFD:汊 9F60:鬮 9F66:鼗 9FCB:僭 9FD8:弌 A063:蠏
    A077:拎 A0D5:瑨 A0DF:煢 A0E4:牐 A145:‧ A14E:﹑ A1C2:¯ A1E3:～ A1F2:⊕⊙ A241:∕﹨ A244:￥
    A246:￠￡ A3C0:␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟ A3E0:␡€ C6CF:廴 C6D3:无 C6D5:癶 C6D7:隶
    C6DE:〃仝 FA5F:倩 FA66:偽 FABD:包 FAC5:卄 FAD5:卿 FB48:嘅 FBB8:婷 FBF3:幵 FBF9:廐
    FC4F:彘 FC6C:悤 FCB9:撐 FCE2:晴 FCF1:杞 FDB7:沜渝 FDBB:港 FDF1:煮 FE52:猪 FE6F:瑜
    FEAA:瓩 FEDD:砉
"""


def _expand(runs: str) -> dict[bytes, str]:
    patch = {}
    for run in runs.split():
        first, characters = run.split(":")
        for offset, character in enumerate(characters):
            patch[(int(first, 16) + offset).to_bytes(2, "big")] = character
    return patch


BIG5_PATCH = _expand(_RUNS)
