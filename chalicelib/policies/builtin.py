"""The built-in fact dictionary (事实字典): facts/domain.md §2.1 and what the policies P01–P28 ask.

``source`` is the office that knows the fact, ``question`` what 政策体检 asks where nobody does. Facts marked
``derived`` are computed by ``facts.py``; ``COUNTED`` are the fields of the records that a policy may count over.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.policies.dictionary import FactDef, FactType

YES_NO = "回复“是”或“否”"


def _number(label: str, unit: str, question: str, source: str, *, derived: bool = False) -> FactDef:
    return FactDef("number", label, unit, question, source, derived=derived)


def _ratio(label: str, question: str, source: str, *, derived: bool = False) -> FactDef:
    return FactDef("number", label, "", question, source, ratio=True, derived=derived)


def _flag(label: str, question: str, source: str, *, derived: bool = False) -> FactDef:
    return FactDef("flag", label, "", f"{question}{YES_NO}", source, derived=derived)


def _one_of(
    label: str, question: str, source: str, *choices: str, kind: FactType = "category", derived: bool = False
) -> FactDef:
    return FactDef(kind, label, "", question, source, choices, derived=derived)


def _text(label: str, question: str, source: str, *, kind: FactType = "category", derived: bool = False) -> FactDef:
    return FactDef(kind, label, "", question, source, derived=derived)


QUALS = ("HNTE", "TSME", "ISME", "SRDI", "LG", "MCH", "GF", "AS", "CENTER", "GAZ")
CREDIT_FLAGS = (
    "经营异常",
    "严重违法失信",
    "失信被执行人",
    "重大税收违法",
    "拖欠农民工工资",
    "安全生产",
    "环保",
)

_IDENTITY: dict[str, FactDef] = {
    "entity_kind": _one_of(
        "主体类型",
        "贵单位是企业、个体工商户，还是其他？",
        "市监",
        "企业",
        "个体工商户",
        "农民专业合作社",
        "事业单位",
        "社会团体",
        "民办非企业",
        "基金会",
        "律师事务所",
        "会计师事务所",
    ),
    "ent_type": _text("企业类型", "营业执照上的企业类型是什么？", "市监"),
    "ownership": _one_of("所有制", "贵公司是民营、国有还是外资？", "市监", "民营", "国有", "外资"),
    "reg_status": _one_of(
        "登记状态",
        "登记状态是什么？",
        "市监",
        "存续",
        "在业",
        "吊销未注销",
        "注销",
        "迁出",
        "清算",
        "停业",
    ),
    "established_on": _text("成立日期", "营业执照上的成立日期是哪天？", "市监", kind="date"),
    "town_code": _text("所在乡镇代码", "在哪个乡镇经营？", "市监"),
    "in_park": _flag("是否园区企业", "在工业园区内吗？", "园区"),
    "park_name": _text("所在园区", "在哪个园区？", "园区"),
    "industry_code": _text("行业代码", "营业执照登记的行业是什么？", "市监"),
    "main_products": _text("主导产品", "主要生产什么？", "企业自填", kind="set"),
    "bankruptcy_stage": _text("破产程序阶段", "是否在破产程序中？", "法院"),
}
_SCALE: dict[str, FactDef] = {
    "employees_avg": _number("从业人员（年平均）", "人", "去年平均有多少从业人员？", "统计"),
    "employees_on_payroll": _number("在职职工人数", "人", "现在有多少在职职工？", "税务"),
    "revenue": _number("营业收入（上年）", "万元", "上年营业收入大约多少万元？", "税务"),
    "assets": _number("资产总额", "万元", "资产总额大约多少万元？", "税务"),
    "taxable_income": _number("年应纳税所得额", "万元", "上年应纳税所得额大约多少万元？", "税务"),
    "tax_paid_last_year": _number("上年入库税额", "万元", "上年纳税大约多少万元？", "税务"),
    "debt_ratio": _ratio("资产负债率", "资产负债率大约百分之几？", "审计"),
    "rd_expense": _number("上年研发费用", "万元", "上年研发费用大约多少万元？", "税务"),
    "rd_staff_ratio": _ratio("研发人员占比", "研发人员占职工的百分之几？", "科技"),
    "main_rev_ratio": _ratio("主营业务收入占比", "主营业务收入占百分之几？", "审计"),
    "ip_class1": _number("Ⅰ类知识产权", "项", "有几项Ⅰ类知识产权？", "知识产权"),
    "ip_class2": _number("Ⅱ类知识产权", "项", "有几项Ⅱ类知识产权？", "知识产权"),
    "equity_financing_2y": _number("近两年新增股权融资", "万元", "近两年新增股权融资多少万元？", "企业自填"),
    "above_scale": _one_of(
        "规上（入统）状态",
        "是否规上企业？",
        "统计",
        "规上工业",
        "限上批零住餐",
        "规上服务业",
        "资质内建筑业",
        "房地产开发",
        "规下",
    ),
    "above_scale_first_on": _text("首次入规日期", "哪一年首次入规？", "统计", kind="date"),
    "above_scale_returned": _flag("是否退库后重新入库", "是退库后重新入库的吗？", "统计"),
    "energy_tce": _number("年综合能耗", "tce", "年综合能耗多少吨标准煤？", "统计"),
    "green_level": _one_of("绿色工厂级别", "是哪一级绿色工厂？", "工信", "国家", "省", "市", "无"),
}
_LABOUR: dict[str, FactDef] = {
    "insured_avg": _number("失业保险月均参保人数", "人", "上年月均参保多少人？", "人社"),
    "insured_now": _number("当前参保人数", "人", "现在参保多少人？", "人社"),
    "unemp_months_paid": _number("失业保险足额缴费月数", "月", "失业保险连续足额缴了多少个月？", "人社"),
    "unemp_premium_last_year": _number("上年度实缴失业保险费", "元", "上年度实缴失业保险费多少元？", "税务"),
    "layoff_claimants_last_year": _number("上年度新增领取失业金人数", "人", "上年度有多少人离职后领失业金？", "人社"),
    "is_zombie": _flag("是否“僵尸企业”", "在“僵尸企业”出清名单里吗？", "工信"),
    "industry_env_ok": _flag("是否符合产业结构调整和环保政策", "符合产业结构调整和环保政策吗？", "生态"),
    "disabled_employees": _number("安排残疾人就业人数", "人", "安排了几位残疾人就业？", "残联"),
    "is_life_service": _flag("是否生活服务业", "属于生活服务业吗？", "人社"),
    "new_hires_eligible_ratio_1y": _ratio("一年内新招符合条件人员占比", "一年内新招重点群体占职工百分之几？", "人社"),
    "job_retention_1y": _ratio("一年稳岗率", "一年来稳岗率大约百分之几？", "人社"),
    "contract_months": _number("劳动合同期限", "月", "与新招人员签了多少个月的合同？", "人社"),
    "person_insured_months": _number("个人参保月数", "月", "您的失业保险累计缴了多少个月？", "人社"),
    "person_cert_months_ago": _number("取得证书至今", "月", "证书是几个月前取得的？", "人社"),
    "person_cert_level": _one_of("证书等级", "证书是初级、中级还是高级？", "人社", "初级", "中级", "高级"),
}
_TAX: dict[str, FactDef] = {
    "tax_region": _text("纳税地", "在哪个县区纳税？", "税务"),
    "accounting": _one_of("征收方式", "是查账征收还是核定征收？", "税务", "查账征收", "核定征收"),
    "vat_status": _one_of("增值税纳税人身份", "是一般纳税人还是小规模？", "税务", "一般纳税人", "小规模"),
    "tax_credit": _one_of("纳税信用级别", "最近一次纳税信用级别是什么？", "税务", "A", "B", "M", "C", "D"),
    "fraud_refund_36m": _flag("近36个月是否骗取退税或虚开", "近36个月有骗取退税或虚开发票吗？", "税务"),
    "tax_evasion_penalties_36m": _number("近36个月因偷税受罚次数", "次", "近36个月因偷税受过几次处罚？", "税务"),
    "enjoyed_instant_refund_since_2019_04": _flag(
        "2019年4月起是否享受即征即退、先征后返", "2019年4月起享受过即征即退或先征后返吗？", "税务"
    ),
    "vat_credit_end": _number("期末留抵税额", "元", "期末留抵税额多少元？", "税务"),
    "new_credit_6m_all_pos": _flag("连续六个月新增留抵是否都大于零", "连续六个月新增留抵税额都大于零吗？", "税务"),
    "new_credit_m6": _number("第六个月新增留抵税额", "元", "第六个月新增留抵税额多少元？", "税务"),
    "credit_6m_all_pos": _flag("连续六个月期末留抵是否都大于零", "连续六个月期末留抵税额都大于零吗？", "税务"),
    "new_credit_vs_last_dec": _number("比上年末新增留抵税额", "元", "比上年12月末新增留抵税额多少元？", "税务"),
    "input_vat_this_period": _number("当期可抵扣进项税额", "元", "当期可抵扣进项税额多少元？", "税务"),
    "on_advanced_list": _flag("是否在先进制造业名单", "在工信部门的先进制造业名单里吗？", "工信"),
}
_FINANCE: dict[str, FactDef] = {
    "in_transition_library": _flag("是否在转型金融项目库", "已进入转型金融项目库吗？", "工信"),
    "operating_lawfully": _flag("是否依法经营", "是否依法合规持续经营？", "市监"),
    "overdue_interest": _flag("是否欠息逾期", "有欠息或逾期吗？", "银行"),
    "first_loan": _flag("是否首贷户", "从未在银行贷过款吗？", "人行"),
    "loan_use_wanted": _one_of("贷款用途", "贷款打算用在哪里？", "企业自填", "流动资金", "固定资产", "其他"),
    "loan_wanted": _number("拟贷金额", "万元", "打算贷多少万元？", "企业自填"),
    "chain_domain_named": _flag("是否贴息政策列明的产业链", "属于贴息政策列明的产业链或其上下游吗？", "发改"),
    "has_fixed_premises": _flag("是否有固定经营场所", "有固定经营场所吗？", "市监"),
    "needs_finance": _flag("是否有真实融资需求", "眼下有融资需求吗？", "企业自填"),
    "good_credit": _flag("信用状况是否良好", "信用状况良好吗？", "人行"),
    "lawful_loan_use": _flag("贷款用途是否合法合规", "贷款用途合法合规吗？", "企业自填"),
    "old_to_new_equipment": _ratio("旧设备与新设备价值比", "旧设备价值约为新设备的百分之几？", "企业自填"),
    "old_equipment_depreciated": _flag("旧设备是否已提足折旧", "旧设备已提足折旧吗？", "审计"),
    "new_equipment_second_hand": _flag("新设备是否二手", "新设备是二手的吗？", "企业自填"),
}
_REWARDS: dict[str, FactDef] = {
    "expo_listed": _flag("展会是否在目录内", "参加的展会在目录内吗？", "工信"),
    "expo_fee": _number("展位费", "元", "展位费多少元？", "企业自填"),
    "type_test_cost": _number("型式试验费用", "元", "新产品型式试验花了多少元？", "企业自填"),
    "used_pilot_platform": _flag("是否使用中试平台", "用过中试平台吗？", "工信"),
    "pilot_platform_fee": _number("中试平台使用费", "元", "中试平台使用费多少元？", "企业自填"),
    "acre_grade": _one_of("亩均效益评价等级", "亩均效益评价是几类？", "工信", "A", "B", "C", "D"),
    "pub_credit_grade": _one_of("公共信用综合评价", "公共信用综合评价是什么等级？", "发改", "优", "良", "中", "差"),
}
_DERIVED: dict[str, FactDef] = {
    "size": _one_of("企业划型", "是大、中、小还是微型企业？", "统计", "大", "中", "小", "微", derived=True),
    "is_small_low_profit": _flag("是否小型微利企业", "是小型微利企业吗？", "税务", derived=True),
    "layoff_rate": _ratio("裁员率", "上年裁员率大约百分之几？", "人社", derived=True),
    "chain_member": _flag("是否电瓷电气产业链企业", "属于电瓷电气产业链吗？", "工信", derived=True),
    "years_operating": _number("经营年限", "年", "经营了几年？", "市监", derived=True),
    "days_since_established": _number("成立天数", "天", "成立多少天了？", "市监", derived=True),
    "industry_section": _text("行业门类", "属于哪个行业门类？", "市监", derived=True),
    "rd_ratio": _ratio("研发费用占比", "研发费用占营业收入百分之几？", "税务", derived=True),
    "disabled_ratio": _ratio("安排残疾人就业比例", "残疾职工占百分之几？", "残联", derived=True),
    "valid_quals": _one_of("有效资质", "有哪些在有效期内的资质？", "科技、工信", *QUALS, kind="set", derived=True),
    "expired_quals": _one_of("已过期资质", "有哪些资质已过期？", "科技、工信", *QUALS, kind="set", derived=True),
    "quals_new_this_year": _one_of(
        "当年认定的资质", "今年新认定了哪些资质？", "科技、工信", *QUALS, kind="set", derived=True
    ),
    "quals_first_this_year": _one_of(
        "当年首次认定的资质", "今年首次认定了哪些资质？", "科技、工信", *QUALS, kind="set", derived=True
    ),
    "credit_flags": _one_of(
        "失信信息", "有没有失信信息？", "市监、法院、税务", *CREDIT_FLAGS, kind="set", derived=True
    ),
    "has_severe_dishonesty": _flag("是否严重违法失信", "被列入严重违法失信名单吗？", "市监", derived=True),
    "has_repairable_flag": _flag("是否有可申请修复的失信信息", "有可以修复的失信信息吗？", "发改", derived=True),
    "above_scale_this_year": _flag("是否当年首次入规", "今年首次入规吗？", "统计", derived=True),
}

FACTS: dict[str, FactDef] = _IDENTITY | _SCALE | _LABOUR | _TAX | _FINANCE | _REWARDS | _DERIVED

COUNTED: Mapping[str, Mapping[str, FactDef]] = {
    "hires": {
        "group": _text("人员类别", "", "人社"),
        "hired_on": _text("入职日期", "", "人社", kind="date"),
        "hired_this_year": _flag("是否当年招用", "", "人社", derived=True),
        "contract_signed": _flag("是否签订劳动合同", "", "人社"),
        "contract_months": _number("合同月数", "月", "", "人社"),
        "months_paid": _number("已缴社保月数", "月", "", "人社"),
        "social_paid": _flag("是否缴纳社会保险", "", "人社"),
    },
    "loans": {
        "kind": _text("贷款种类", "", "银行"),
        "use": _text("贷款用途", "", "银行"),
        "bank": _text("贷款银行", "", "银行"),
        "on_bank_list": _flag("是否经办银行", "", "财政"),
        "start": _text("发放日期", "", "银行", kind="date"),
        "end": _text("到期日期", "", "银行", kind="date"),
        "amount": _number("贷款金额", "分", "", "银行"),
    },
    "projects": {
        "kind": _text("项目类别", "", "发改"),
        "domain": _text("所属领域", "", "发改"),
        "state": _text("项目状态", "", "发改"),
        "started_on": _text("开工日期", "", "发改", kind="date"),
        "fixed_invest": _number("固定资产投资", "万元", "", "发改"),
        "equip_invoice": _number("设备发票金额", "万元", "设备发票金额多少万元？", "企业自填"),
        "progress": _ratio("完成比例", "", "发改"),
        "is_new_build": _flag("是否新建", "", "发改"),
    },
}
