package channeltest

var infoRules, pushRules, readRules, actRules, pullRules []rule
