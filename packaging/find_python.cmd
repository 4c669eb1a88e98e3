@echo off
rem Sets PYTHON_LINE to a Python of 3.11 or newer. Called by run.cmd and test.cmd.
set "PYTHON_LINE="
set "FIT=import sys; sys.exit(sys.version_info < (3, 11))"
if not defined CAIRN_PYTHON goto search
call :try "%CAIRN_PYTHON%"
if defined PYTHON_LINE exit /b 0
echo CAIRN_PYTHON names "%CAIRN_PYTHON%", which is not a working Python 3.11 or newer. 1>&2
exit /b 3

:search
for %%V in (3.13 3.12 3.11 3.14) do if not defined PYTHON_LINE call :try py -%%V
if not defined PYTHON_LINE call :try py -3
if not defined PYTHON_LINE call :try python
if defined PYTHON_LINE exit /b 0
echo Cairn needs Python 3.11 or newer, and none was found. Install it with: winget install Python.Python.3.13 1>&2
exit /b 3

:try
%* -I -c "%FIT%" >nul 2>nul && set "PYTHON_LINE=%*"
exit /b 0
