@echo off
rem Runs Cairn's whole suite in the same environment with the test tools.
setlocal
call "%~dp0find_python.cmd" || exit /b 3
%PYTHON_LINE% -I "%~dp0launch.py" test %*
exit /b %ERRORLEVEL%
